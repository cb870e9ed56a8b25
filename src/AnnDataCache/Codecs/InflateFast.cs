using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AnnDataCache.Codecs;

/// <summary>The loop that decodes nearly all symbols.</summary>
internal static unsafe class InflateFast
{
    /// <summary>A round loads its bits at most four times, moving at most seven bytes each and reading eight.</summary>
    internal const int InputMargin = 40;

    /// <summary>A round writes at most three literals, a match of 258, and what its copy may overshoot.</summary>
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

            MatchCopy.Copy(write, distance, length);
            write += length;
        }
        while (read < readLimit && write < writeLimit);

        stream.In = read;
        stream.Out = write;
        stream.BitCount = (int)(count & 63);
        stream.Bits = bits;
        return ended;
    }

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
