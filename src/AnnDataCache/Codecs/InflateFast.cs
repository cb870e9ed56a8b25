using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AnnDataCache.Codecs;

// The loop waits from look-up to look-up: an entry comes some cycles after its index, the next index right after the entry. A branch
// that was foretold wrongly costs as much as three look-ups. Where literals and matches follow one another as they like, as in the column
// indices of a sparse matrix, it is faster not to ask: each of the first symbols is taken for a literal, and if it is none that step does
// nothing. Where nearly all symbols are of one kind the steps would be in vain. So the loop is compiled for each number of guesses (I3).

/// <summary>The loop that decodes nearly all symbols.</summary>
internal static unsafe class InflateFast
{
    /// <summary>A round loads its bits at most four times, moving at most seven bytes each and reading eight.</summary>
    internal const int InputMargin = 40;

    /// <summary>A round writes at most three literals, a match of 258, and what its copy may overshoot.</summary>
    internal const int OutputMargin = 320;

    private const ulong DistanceOffset = InflateTables.DistanceOffset;

    /// <summary>Decodes rounds of literals and a match until a margin is reached or the block ends.</summary>
    /// <returns>True when the block has ended.</returns>
    internal static bool Decode(ref InflateStream stream, InflateTables tables) => tables.Guesses switch
    {
        0 => Decode<NoGuess>(ref stream, tables.Literals),
        1 => Decode<OneGuess>(ref stream, tables.Literals),
        _ => Decode<TwoGuesses>(ref stream, tables.Literals),
    };

    // Long because its variables must stay in registers: the bit buffer, its count, the next index, both positions, the tables.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Decode<TGuesses>(ref InflateStream stream, InflateEntry* literals)
        where TGuesses : struct, IGuesses
    {
        byte* read = stream.In, write = stream.Out, start = stream.OutStart;
        byte* readLimit = stream.InEnd - InputMargin, writeLimit = stream.OutEnd - OutputMargin;
        ulong bits = stream.Bits;

        // Only its low six bits count: whole fields are subtracted from it.
        uint count = (uint)stream.BitCount;
        bool ended = false;

        Refill(ref bits, ref count, ref read);
        ulong at = bits & (1 << InflateTables.LiteralBits) - 1;
        do
        {
            if (TGuesses.Count > 0)
            {
                Guess(literals[at].Guess, literals[at].Value, ref at, ref bits, ref count, ref write);
            }

            if (TGuesses.Count > 1)
            {
                Guess(literals[at].Guess, literals[at].Value, ref at, ref bits, ref count, ref write);
            }

            // Three entries of the first table take at most 33 bits of at least 56, and the next index 11. Before a length there are at
            // most two: 22 bits, then 20 for the length, and 9 for the index of a distance.
            uint next = literals[at].Next, value = literals[at].Value;
            if ((value & InflateEntry.Literal) != 0)
            {
                Put(next, value, ref at, ref bits, ref count, ref write);
                if (TGuesses.Count > 1)
                {
                    Refill(ref bits, ref count, ref read);
                    continue;
                }

                next = literals[at].Next;
                value = literals[at].Value;
                if ((value & InflateEntry.Literal) != 0)
                {
                    Put(next, value, ref at, ref bits, ref count, ref write);
                    if (TGuesses.Count > 0)
                    {
                        Refill(ref bits, ref count, ref read);
                        continue;
                    }

                    next = literals[at].Next;
                    value = literals[at].Value;
                    if ((value & InflateEntry.Literal) != 0)
                    {
                        Put(next, value, ref at, ref bits, ref count, ref write);
                        Refill(ref bits, ref count, ref read);
                        continue;
                    }
                }
            }

            uint extra = literals[at].Extra;
            ulong before = bits;
            at = Take(next, ref bits, ref count);
            if ((extra & InflateEntry.Exceptional) != 0)
            {
                if (value > InflateEntry.EndOfBlock)
                {
                    at += value;
                    next = literals[at].Next;
                    extra = literals[at].Extra;
                    value = literals[at].Value;
                    before = bits;
                    at = Take(next, ref bits, ref count);
                    if ((value & InflateEntry.Literal) != 0)
                    {
                        *write++ = (byte)value;
                        Refill(ref bits, ref count, ref read);
                        continue;
                    }
                }

                if ((extra & InflateEntry.Exceptional) != 0)
                {
                    if (value == InflateEntry.NoSymbol)
                    {
                        InflateStream.ThrowNoSymbol();
                    }

                    ended = true;
                    break;
                }
            }

            nuint length = value + (nuint)Cut(before, extra);
            next = literals[DistanceOffset + at].Next;
            extra = literals[DistanceOffset + at].Extra;
            value = literals[DistanceOffset + at].Value;

            // A distance takes at most 28 bits, the next index 11. Where most codes are short these are there, and that can be foreseen.
            if (TGuesses.Count > 0 || (count & 63) < 39)
            {
                Refill(ref bits, ref count, ref read);
            }

            if ((extra & InflateEntry.Exceptional) != 0)
            {
                at = Take(next, ref bits, ref count);
                if (value > InflateEntry.EndOfBlock)
                {
                    at += value;
                    next = literals[DistanceOffset + at].Next;
                    extra = literals[DistanceOffset + at].Extra;
                    value = literals[DistanceOffset + at].Value;
                }

                if ((extra & InflateEntry.Exceptional) != 0)
                {
                    InflateStream.ThrowNoSymbol();
                }
            }

            before = bits;
            at = Take(next, ref bits, ref count);
            nuint distance = value + (nuint)Cut(before, extra);
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

    /// <summary>A literal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(uint field, uint value, ref ulong at, ref ulong bits, ref uint count, ref byte* write)
    {
        at = Take(field, ref bits, ref count);
        *write++ = (byte)value;
    }

    /// <summary>A literal, or nothing: then no bits are taken, the index is the same, and what has been written is not kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Guess(uint field, uint value, ref ulong at, ref ulong bits, ref uint count, ref byte* write)
    {
        at = Take(field, ref bits, ref count);
        *write = (byte)value;
        write += value >> 15;
    }

    /// <summary>Consumes what the field of an entry skips.</summary>
    /// <returns>What it takes: the next index.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Take(uint field, ref ulong bits, ref uint count)
    {
        ulong index = Cut(bits, field);
        bits >>= (int)field;
        count -= field;
        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Cut(ulong bits, uint field) => Bmi1.X64.IsSupported
        ? Bmi1.X64.BitFieldExtract(bits, (ushort)field)
        : bits >> (int)field & (1UL << (int)(field >> 8)) - 1;

    // Afterwards at least 56 bits are there. Those above count are a copy of the next byte's, so or-ing them again is harmless.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Refill(ref ulong bits, ref uint count, ref byte* read)
    {
        bits |= *(ulong*)read << (int)count;
        read += Cut(~count, 3 | 3 << 8);
        count |= 56;
    }

    private interface IGuesses
    {
        static abstract int Count { get; }
    }

    private struct NoGuess : IGuesses
    {
        public static int Count => 0;
    }

    private struct OneGuess : IGuesses
    {
        public static int Count => 1;
    }

    private struct TwoGuesses : IGuesses
    {
        public static int Count => 2;
    }
}
