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

    /// <summary>A round writes at most eight literal bytes, a match of 258, and what sixteen-byte copies add to it.</summary>
    internal const int OutputMargin = 320;

    /// <summary>Decodes rounds of literals and a match until a margin is reached or the block ends.</summary>
    /// <returns>True when the block has ended.</returns>
    // Long because its variables must stay in registers: the bit buffer, its count, both positions, both tables.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool Decode(ref InflateStream stream, uint* literals, uint* distances)
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
                        Refill(ref bits, ref count, ref read);
                        entry = literals[bits & LiteralMask];
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
                        Refill(ref bits, ref count, ref read);
                        entry = literals[bits & LiteralMask];
                        continue;
                    }
                }

                if ((entry & InflateTables.Exceptional) != 0)
                {
                    ended = entry >> 16 != 0 ? true : throw InflateStream.Damaged("a code without a symbol");
                    break;
                }
            }

            nuint length = (entry >> 16) + (nuint)(Low(before, entry) >> (int)(entry >> 8));
            Refill(ref bits, ref count, ref read);
            entry = distances[bits & DistanceMask];
            if ((entry & InflateTables.Exceptional) != 0)
            {
                bits >>= (int)entry;
                count -= entry;
                entry = (entry & InflateTables.Subtable) != 0 ? distances[(entry >> 16) + Low(bits, entry >> 8 & 0xF)] : entry;
                if ((entry & InflateTables.Exceptional) != 0)
                {
                    throw InflateStream.Damaged("a code without a symbol");
                }
            }

            before = bits;
            bits >>= (int)entry;
            count -= entry;
            nuint distance = (entry >> 16) + (nuint)(Low(before, entry) >> (int)(entry >> 8));
            Refill(ref bits, ref count, ref read);
            entry = literals[bits & LiteralMask];
            if (distance > (nuint)(write - start))
            {
                throw InflateStream.Damaged($"a match {distance} bytes back, {write - start} bytes after the start");
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

    // A pattern shorter than sixteen bytes is spread over a vector; a longer one is its own. So the first store needs no branch,
    // and is the only one for most matches. Each further store moves on by a whole number of patterns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(byte* write, nuint distance, nuint length)
    {
        byte* from = write - distance, end = write + length;
        nuint kind = Math.Min(distance, 16);
        ref byte masks = ref MemoryMarshal.GetReference(SpreadMasks);
        Vector128<byte> pattern = Vector128.ShuffleNative(Vector128.Load(from), Vector128.LoadUnsafe(ref masks, kind * 16));
        Vector128.Store(pattern, write);
        if (length <= 16)
        {
            return;
        }

        if (distance >= 16)
        {
            do
            {
                write += 16;
                from += 16;
                Vector128.Store(Vector128.Load(from), write);
            }
            while (write + 16 < end);
            return;
        }

        nuint step = Unsafe.Add(ref MemoryMarshal.GetReference(SpreadSteps), kind);
        do
        {
            write += step;
            Vector128.Store(pattern, write);
            Vector128.Store(pattern, write + step);
            write += step;
        }
        while (write + step < end);
    }

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
        *(ushort*)write = (ushort)(entry >> 16);
        write += entry >> 8 & 3;
    }

    // Afterwards at least 56 bits are there. Those above count are a copy of the next byte's, so or-ing them again is harmless.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Refill(ref ulong bits, ref uint count, ref byte* read)
    {
        bits |= *(ulong*)read << (int)count;
        read += 7 - (count >> 3 & 7);
        count |= 56;
    }

    /// <summary>The lowest bits of <paramref name="value"/>; only the low byte of <paramref name="count"/> counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Low(ulong value, uint count) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ZeroHighBits(value, count) : value & (1UL << (int)count) - 1;
}
