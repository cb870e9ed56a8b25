using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AnnDataCache.Codecs;

/// <summary>The loop that decodes nearly all symbols.</summary>
internal static unsafe class InflateFast
{
    /// <summary>A round loads its bits at most four times, moving at most seven bytes each and reading eight.</summary>
    internal const int InputMargin = 40;

    /// <summary>A round writes at most three literals, a match of 258, and the 32 bytes by which copies may overshoot.</summary>
    internal const int OutputMargin = 320;

    /// <summary>Decodes rounds of literals and a match until a margin is reached or the block ends.</summary>
    /// <returns>True when the block has ended.</returns>
    // Long because its variables must stay in registers: the bit buffer, its count, both positions, both tables.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool Decode(ref InflateStream stream, uint* literals)
    {
        const ulong LiteralMask = (1 << InflateTables.LiteralBits) - 1, DistanceMask = (1 << InflateTables.DistanceBits) - 1;
        byte* read = stream.In, write = stream.Out, start = stream.OutStart;
        byte* readLimit = stream.InEnd - InputMargin, writeLimit = stream.OutEnd - OutputMargin;
        ulong bits = stream.Bits;

        // Only its low six bits count: whole entries are subtracted from it.
        uint count = (uint)stream.BitCount;
        bool ended = false;

        Refill(ref bits, ref count, ref read);
        uint entry = literals[bits & LiteralMask];
        do
        {
            ulong before;
            if ((entry & InflateTables.Literal) != 0)
            {
                // Three entries of the first table take at most 33 bits of at least 56, which leaves 20 for a length.
                Put(entry, ref bits, ref count, ref write);
                entry = literals[bits & LiteralMask];
                if ((entry & InflateTables.Literal) != 0)
                {
                    Put(entry, ref bits, ref count, ref write);
                    entry = literals[bits & LiteralMask];
                    if ((entry & InflateTables.Literal) != 0)
                    {
                        Put(entry, ref bits, ref count, ref write);
                        entry = literals[bits & LiteralMask];
                        Refill(ref bits, ref count, ref read);
                        continue;
                    }
                }
            }

            before = bits;
            bits >>= (int)entry;
            count -= entry;
            if ((entry & InflateTables.Exceptional) != 0)
            {
                if ((entry & InflateTables.Subtable) != 0)
                {
                    entry = literals[(entry >> 16) + Low(bits, entry >> 8 & 0xF)];
                    before = bits;
                    bits >>= (int)entry;
                    count -= entry;
                    if ((entry & InflateTables.Literal) != 0)
                    {
                        *write++ = (byte)(entry >> 16);
                        entry = literals[bits & LiteralMask];
                        Refill(ref bits, ref count, ref read);
                        continue;
                    }
                }

                if ((entry & InflateTables.Exceptional) != 0)
                {
                    if (entry >> 16 == 0)
                    {
                        InflateStream.ThrowNoSymbol();
                    }

                    ended = true;
                    break;
                }
            }

            nuint length = (entry >> 16) + (nuint)(Low(before, entry) >> (int)(entry >> 8));

            // Indexes need few bits, so they are taken before a refill, which then is not waited for.
            entry = literals[InflateTables.DistanceOffset + (bits & DistanceMask)];
            Refill(ref bits, ref count, ref read);
            if ((entry & InflateTables.Exceptional) != 0)
            {
                bits >>= (int)entry;
                count -= entry;
                entry = (entry & InflateTables.Subtable) != 0 ? literals[InflateTables.DistanceOffset + (entry >> 16) + Low(bits, entry >> 8 & 0xF)] : entry;
                if ((entry & InflateTables.Exceptional) != 0)
                {
                    InflateStream.ThrowNoSymbol();
                }
            }

            before = bits;
            bits >>= (int)entry;
            count -= entry;
            nuint distance = (entry >> 16) + (nuint)(Low(before, entry) >> (int)(entry >> 8));
            entry = literals[bits & LiteralMask];
            Refill(ref bits, ref count, ref read);
            if (distance > (nuint)(write - start))
            {
                InflateStream.ThrowMatch((long)distance, write - start);
            }

            Copy(write, distance, length);
            write += length;
        }
        while (read < readLimit && write < writeLimit);

        stream.In = read;
        stream.Out = write;
        stream.BitCount = (int)(count & 63);
        stream.Bits = bits;
        return ended;
    }

    // A pattern shorter than sixteen bytes is spread over a vector; a longer one is its own. Behind that first vector the match is
    // one whose distance is a whole number of patterns, at least as far as each store moves on. So the kind of match needs no
    // branch, and its length only one where it is long: which way they go cannot be foreseen, and most matches are short.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(byte* write, nuint distance, nuint length)
    {
        nuint kind = 16 - AtLeastZero(16 - (long)distance);
        ref byte masks = ref MemoryMarshal.GetReference(SpreadMasks);
        nuint step = Unsafe.Add(ref MemoryMarshal.GetReference(SpreadSteps), kind);
        nuint back = step + AtLeastZero((long)(distance - step));
        byte* end = write + length;
        Vector128<byte> mask = Vector128.LoadUnsafe(ref masks, kind * 16);
        Vector128.Store(Vector128.ShuffleNative(Vector128.Load(write - distance), mask), write);
        write += step;
        Vector128.Store(Vector128.Load(write - back), write);
        for (write += step; write < end; write += step)
        {
            Vector128.Store(Vector128.Load(write - back), write);
        }
    }

    // Without a branch, which Math.Max would be.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nuint AtLeastZero(long value) => (nuint)(value & ~(value >> 63));

    // The largest multiple of each pattern's length that a vector holds.
    private static ReadOnlySpan<byte> SpreadSteps => [0, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15, 16];

    // For each pattern length up to 15 the byte of the pattern that comes to each place; then the identity.
    private static ReadOnlySpan<byte> SpreadMasks =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
        0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
        0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
        0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
        0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
        0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
        0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(uint entry, ref ulong bits, ref uint count, ref byte* write)
    {
        bits >>= (int)entry;
        count -= entry;
        *write++ = (byte)(entry >> 16);
    }

    // Afterwards at least 56 bits are there. Those above count are a copy of the next byte's, so or-ing them again is harmless.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Refill(ref ulong bits, ref uint count, ref byte* read)
    {
        bits |= *(ulong*)read << (int)count;
        read += ~count >> 3 & 7;
        count |= 56;
    }

    /// <summary>The lowest bits of <paramref name="value"/>; only the low byte of <paramref name="count"/> counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Low(ulong value, uint count) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ZeroHighBits(value, count) : value & (1UL << (int)count) - 1;
}
