using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AnnDataCache.Codecs;

/// <summary>One deflate stream being decoded: where it stands in its input and output, and the bits it has taken but not used.</summary>
internal unsafe ref struct InflateStream
{
    internal byte* In, InEnd, Out, OutStart, OutEnd;

    // The next BitCount bits of the input, the first lowest. Bits above them are a copy of the input's next ones or zero.
    internal ulong Bits;
    internal int BitCount;

    // Moves the window when input or room run short; null when all of both is there.
    internal InflatePump? Pump;

    // The order in which a block stores the code lengths of the code length code.
    private static ReadOnlySpan<byte> MeterOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    /// <summary>Decodes up to the end of the last block.</summary>
    /// <param name="source">Deflate data, perhaps followed by something else.</param>
    /// <param name="destination">Receives the data from its first byte on.</param>
    /// <param name="read">How many bytes of the source belong to the stream.</param>
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int read)
    {
        fixed (byte* from = source, to = destination)
        {
            InflateStream stream = new()
            {
                In = from, InEnd = from + source.Length, Out = to, OutStart = to, OutEnd = to + destination.Length,
            };
            stream.DecodeAll();
            read = (int)(stream.In - from) - stream.BitCount / 8;
            return (int)(stream.Out - to);
        }
    }

    /// <summary>Decodes up to the end of the last block.</summary>
    internal void DecodeAll()
    {
        while (!DecodeBlock())
        {
        }
    }

    private bool DecodeBlock()
    {
        Pump?.Supply(ref this);
        bool last = Take(1) != 0;
        switch (Take(2))
        {
            case 0:
                CopyStored();
                break;
            case 1:
                DecodeSymbols(InflateTables.Fixed);
                break;
            case 2:
                ReadCodes(InflateTables.Scratch);
                DecodeSymbols(InflateTables.Scratch);
                break;
            default:
                throw Damaged("a block of type 3");
        }

        return last;
    }

    private void CopyStored()
    {
        In -= BitCount / 8;
        Bits = 0;
        BitCount = 0;
        uint header = Take(16) | Take(16) << 16;
        int length = (int)(header & 0xFFFF);
        if ((header >> 16) != (~header & 0xFFFF))
        {
            throw Damaged("a stored block whose two lengths disagree");
        }

        In -= BitCount / 8;
        Bits = 0;
        BitCount = 0;
        while (length > 0)
        {
            Pump?.Supply(ref this);
            int here = (int)Math.Min(length, Math.Min(InEnd - In, OutEnd - Out));
            if (here == 0)
            {
                throw In == InEnd ? Truncated() : TooLong();
            }

            new ReadOnlySpan<byte>(In, here).CopyTo(new Span<byte>(Out, here));
            In += here;
            Out += here;
            length -= here;
        }
    }

    private void ReadCodes(InflateTables tables)
    {
        int literals = (int)Take(5) + 257, distances = (int)Take(5) + 1, meters = (int)Take(4) + 4;
        if (literals > 286 || distances > 30)
        {
            throw Damaged($"a block with {literals} literal and {distances} distance symbols");
        }

        Span<byte> lengths = stackalloc byte[InflateTables.LiteralSymbols + InflateTables.DistanceSymbols];
        lengths.Clear();
        for (int at = 0; at < meters; at++)
        {
            lengths[MeterOrder[at]] = (byte)Take(3);
        }

        tables.BuildMeters(lengths[..InflateTables.MeterSymbols]);
        ReadLengths(tables.Meters, lengths[..(literals + distances)]);
        if (lengths[256] == 0)
        {
            throw Damaged("a block that cannot end");
        }

        tables.BuildLiterals(lengths[..literals]);
        tables.BuildDistances(lengths.Slice(literals, distances));
    }

    // A length, or a run: 16 repeats the length before it, 17 and 18 repeat zero. A run may cross from one code into the other.
    private void ReadLengths(InflateEntry* meters, scoped Span<byte> lengths)
    {
        for (int at = 0; at < lengths.Length;)
        {
            uint symbol = TakeEntry(meters[Peek() & (1 << InflateTables.MeterBits) - 1]).Value;
            if (symbol < 16)
            {
                lengths[at++] = (byte)symbol;
                continue;
            }

            byte value = symbol != 16 ? (byte)0 : at > 0 ? lengths[at - 1] : throw Damaged("a length that repeats none");
            int run = (int)(symbol switch { 16 => Take(2) + 3, 17 => Take(3) + 3, _ => Take(7) + 11 });
            if (run > lengths.Length - at)
            {
                throw Damaged("more code lengths than symbols");
            }

            lengths.Slice(at, run).Fill(value);
            at += run;
        }
    }

    private void DecodeSymbols(InflateTables tables)
    {
        InflateEntry* literals = tables.Literals, distances = tables.Distances;
        while (true)
        {
            Pump?.Supply(ref this);
            if (InEnd - In >= InflateFast.InputMargin && OutEnd - Out >= InflateFast.OutputMargin)
            {
                if (InflateFast.Decode(ref this, tables))
                {
                    return;
                }

                Pump?.Supply(ref this);
            }

            InflateEntry entry = TakeSymbol(literals, InflateTables.LiteralBits, out ulong before);
            if (entry.IsLiteral)
            {
                PutLiteral(entry);
                continue;
            }

            if (entry.IsExceptional)
            {
                return;
            }

            int length = entry.Sum(before);
            entry = TakeSymbol(distances, InflateTables.DistanceBits, out before);
            PutMatch(length, entry.Sum(before));
        }
    }

    private void PutLiteral(InflateEntry entry)
    {
        if (Out == OutEnd)
        {
            throw TooLong();
        }

        *Out++ = (byte)entry.Value;
    }

    private void PutMatch(int length, int distance)
    {
        if (distance > Out - OutStart)
        {
            ThrowMatch(distance, Out - OutStart);
        }

        if (length > OutEnd - Out)
        {
            throw TooLong();
        }

        for (byte* end = Out + length; Out < end; Out++)
        {
            *Out = *(Out - distance);
        }
    }

    /// <summary>The next symbol's entry, its bits consumed. Never invalid; exceptional only at the end of the block.</summary>
    private InflateEntry TakeSymbol(InflateEntry* table, int indexBits, out ulong before)
    {
        InflateEntry entry = table[Peek() & (1u << indexBits) - 1];
        if (entry.IsSubtable)
        {
            TakeEntry(entry);
            entry = table[entry.InSubtable(Bits)];
        }

        before = Peek();
        TakeEntry(entry);
        if (entry.IsExceptional && entry.Value == InflateEntry.NoSymbol)
        {
            ThrowNoSymbol();
        }

        return entry;
    }

    private InflateEntry TakeEntry(InflateEntry entry)
    {
        TakeBits(entry.Bits);
        return entry;
    }

    private uint Take(int count)
    {
        uint value = (uint)Peek() & (1u << count) - 1;
        TakeBits(count);
        return value;
    }

    private void TakeBits(int count)
    {
        if (count > BitCount)
        {
            throw Truncated();
        }

        Bits >>= count;
        BitCount -= count;
    }

    /// <summary>The next bits of the input: at least 48, or all that are left and zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Peek()
    {
        if (BitCount < 48)
        {
            Fill();
        }

        return Bits;
    }

    // Stops at 63 bits, the most that the fast loop can count.
    private void Fill()
    {
        for (; BitCount < 56 && In < InEnd; BitCount += 8)
        {
            Bits |= (ulong)*In++ << BitCount;
        }
    }

    [DoesNotReturn]
    internal static void ThrowMatch(long distance, long written) =>
        throw Damaged($"a match {distance} bytes back, {written} bytes after the start");

    [DoesNotReturn]
    internal static void ThrowNoSymbol() => throw Damaged("a code without a symbol");

    private static CodecException Damaged(string what) => new($"Deflate data is damaged: {what}.");

    private static CodecException Truncated() => new("Deflate data ends before its last block does.");

    private CodecException TooLong() => new($"Deflate data decodes to more than the {OutEnd - OutStart} bytes of the destination.");
}
