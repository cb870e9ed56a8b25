using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AnnDataCache.Codecs;

/// <summary>The decoding tables of one block, in memory that does not move; each is indexed by the next bits of the input.</summary>
internal sealed unsafe class InflateTables
{
    internal const int LiteralBits = 11, DistanceBits = 9, MeterBits = 7;

    /// <summary>From the table of literals and lengths to that of distances.</summary>
    internal const int DistanceOffset = LiteralCapacity;

    internal const int LiteralSymbols = 288, DistanceSymbols = 32, MeterSymbols = 19;

    private const int LongestCode = 15;

    // Room for the worst that a code can ask for: one widest subtable per symbol.
    private const int LiteralCapacity = (1 << LiteralBits) + (LiteralSymbols << (LongestCode - LiteralBits));
    private const int DistanceCapacity = (1 << DistanceBits) + (DistanceSymbols << (LongestCode - DistanceBits));

    private static readonly InflateEntry[] s_literalEntries = LiteralEntries();
    private static readonly InflateEntry[] s_distanceEntries = DistanceEntries();
    private static readonly InflateEntry[] s_meterEntries =
        [.. Enumerable.Range(0, MeterSymbols).Select(symbol => new InflateEntry { Value = (ushort)symbol })];

    private static readonly InflateTables s_fixed = MakeFixed();

    [ThreadStatic]
    private static InflateTables? s_scratch;

    private readonly InflateEntry[] _memory =
        GC.AllocateArray<InflateEntry>(LiteralCapacity + DistanceCapacity + (1 << MeterBits), pinned: true);

    /// <summary>The tables of blocks with fixed codes; shared by all threads and never written again.</summary>
    internal static InflateTables Fixed => s_fixed;

    /// <summary>This thread's tables, to be filled for each block with codes of its own.</summary>
    internal static InflateTables Scratch => s_scratch ??= new InflateTables();

    internal InflateEntry* Literals => (InflateEntry*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));

    internal InflateEntry* Distances => Literals + DistanceOffset;

    /// <summary>The table of the code in which the other two codes' lengths are written.</summary>
    internal InflateEntry* Meters => Distances + DistanceCapacity;

    /// <summary>How many literals to expect before each match; see <see cref="InflateFast"/>.</summary>
    internal int Guesses { get; private set; }

    internal void BuildLiterals(ReadOnlySpan<byte> lengths)
    {
        Build(lengths, s_literalEntries, Literals, LiteralBits, "literal", allowIncomplete: true);
        Guesses = GuessesFor(lengths);
    }

    internal void BuildDistances(ReadOnlySpan<byte> lengths) =>
        Build(lengths, s_distanceEntries, Distances, DistanceBits, "distance", allowIncomplete: true);

    internal void BuildMeters(ReadOnlySpan<byte> lengths) =>
        Build(lengths, s_meterEntries, Meters, MeterBits, "code length", allowIncomplete: false);

    private static void Build(
        ReadOnlySpan<byte> lengths, InflateEntry[] entries, InflateEntry* table, int indexBits, string name, bool allowIncomplete)
    {
        Span<int> counts = stackalloc int[LongestCode + 1];
        counts.Clear();
        foreach (byte length in lengths)
        {
            counts[length]++;
        }

        int used = lengths.Length - counts[0];
        CheckComplete(counts, used, name, allowIncomplete);
        Span<ushort> symbols = stackalloc ushort[LiteralSymbols];
        Sort(lengths, counts, symbols);
        Fill(symbols[..used], counts, entries, table, indexBits);
    }

    // A code of n bits says that its symbol is one of 2^n: together they say how many of the symbols are literals.
    private static int GuessesFor(ReadOnlySpan<byte> lengths)
    {
        int share = 0;
        foreach (byte length in lengths[..256])
        {
            share += 1 << LongestCode >> length & (1 << LongestCode) - 1;
        }

        return (share * 100 >> LongestCode) switch { < 32 => 0, < 40 => 1, < 65 => 2, _ => 0 };
    }

    // I1; as zlib has it.
    private static void CheckComplete(ReadOnlySpan<int> counts, int used, string name, bool allowIncomplete)
    {
        int free = 1;
        for (int length = 1; length <= LongestCode; length++)
        {
            free = (free << 1) - counts[length];
            if (free < 0)
            {
                throw new CodecException($"Deflate data is damaged: a {name} code has more codes of {length} bits than fit.");
            }
        }

        if (free > 0 && used > 0 && !(allowIncomplete && used == 1 && counts[1] == 1))
        {
            throw new CodecException($"Deflate data is damaged: a {name} code is incomplete.");
        }
    }

    // Canonical order: by length, then by symbol.
    private static void Sort(ReadOnlySpan<byte> lengths, ReadOnlySpan<int> counts, Span<ushort> symbols)
    {
        Span<int> next = stackalloc int[LongestCode + 1];
        next[1] = 0;
        for (int length = 1; length < LongestCode; length++)
        {
            next[length + 1] = next[length] + counts[length];
        }

        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] != 0)
            {
                symbols[next[lengths[symbol]]++] = (ushort)symbol;
            }
        }
    }

    // Codes are counted up in reversed bit order, the order in which the input holds them. While the codes are short the table is
    // only as wide as they are; it doubles by copying itself whenever they grow by a bit.
    private static void Fill(
        ReadOnlySpan<ushort> symbols, Span<int> counts, ReadOnlySpan<InflateEntry> entries, InflateEntry* table, int indexBits)
    {
        int length = 1, at = 0, width = 1;
        uint code = 0;

        // Stays only where a code of one symbol or none leaves bits without meaning.
        table[0] = Unused.WithCode(1);
        for (; length <= indexBits; length++)
        {
            new ReadOnlySpan<InflateEntry>(table, width).CopyTo(new Span<InflateEntry>(table + width, width));
            width <<= 1;
            for (int left = counts[length]; left > 0; left--)
            {
                table[code] = entries[symbols[at++]].WithCode(length);
                code = Next(code, length);
            }
        }

        int end = 1 << indexBits, start = 0, subtableBits = 0;
        uint prefix = uint.MaxValue;
        for (; at < symbols.Length; length++)
        {
            for (; counts[length] > 0; counts[length]--)
            {
                if ((code & (1u << indexBits) - 1) != prefix)
                {
                    prefix = code & (1u << indexBits) - 1;
                    subtableBits = SubtableBits(counts, length, indexBits);
                    start = end;
                    end += 1 << subtableBits;
                    table[prefix] = Unused with { Next = Field(indexBits, subtableBits), Value = (ushort)start };
                }

                InflateEntry entry = entries[symbols[at++]].WithCode(length - indexBits);
                for (uint slot = code >> indexBits; slot < 1u << subtableBits; slot += 1u << (length - indexBits))
                {
                    table[start + (int)slot] = entry;
                }

                code = Next(code, length);
            }
        }
    }

    // The codes of a prefix follow one another, shorter ones first, so the subtable is as wide as the first length
    // at which the codes still to come fill it.
    private static int SubtableBits(ReadOnlySpan<int> counts, int length, int indexBits)
    {
        int bits = length - indexBits;
        for (int room = (1 << bits) - counts[length]; room > 0 && length < LongestCode; bits++)
        {
            room = (room << 1) - counts[++length];
        }

        return bits;
    }

    // Adding one to the code read backwards: the highest clear bit is set, the set bits above it are cleared.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Next(uint code, int length)
    {
        uint clear = ~code & (1u << length) - 1;
        if (clear == 0)
        {
            return 0;
        }

        uint bit = 1u << BitOperations.Log2(clear);
        return code & (bit - 1) | bit;
    }

    private static InflateEntry[] LiteralEntries()
    {
        InflateEntry[] entries = new InflateEntry[LiteralSymbols];
        for (int value = 0; value < 256; value++)
        {
            entries[value] = Unused with { Next = Field(0, LiteralBits), Extra = 0, Value = (ushort)(InflateEntry.Literal | value) };
        }

        entries[256] = Unused with { Value = InflateEntry.EndOfBlock };
        int start = 3;
        for (int symbol = 257; symbol < 285; symbol++)
        {
            int extra = Math.Max(0, (symbol - 261) / 4);
            entries[symbol] = Number(start, extra, DistanceBits);
            start += 1 << extra;
        }

        entries[285] = Number(258, 0, DistanceBits);
        entries[286] = entries[287] = Unused;
        return entries;
    }

    private static InflateEntry[] DistanceEntries()
    {
        InflateEntry[] entries = new InflateEntry[DistanceSymbols];
        int start = 1;
        for (int symbol = 0; symbol < 30; symbol++)
        {
            int extra = Math.Max(0, symbol / 2 - 1);
            entries[symbol] = Number(start, extra, LiteralBits);
            start += 1 << extra;
        }

        entries[30] = entries[31] = Unused;
        return entries;
    }

    private static InflateEntry Number(int start, int extra, int nextBits) =>
        Unused with { Next = Field(extra, nextBits), Extra = Field(0, extra), Value = (ushort)start };

    // What comes to an index again when it is guessed to be a literal: the guess skips nothing.
    private static InflateEntry Unused =>
        new() { Guess = Field(0, LiteralBits), Extra = InflateEntry.Exceptional, Value = InflateEntry.NoSymbol };

    private static ushort Field(int skip, int take) => (ushort)(skip | take << 8);

    private static InflateTables MakeFixed()
    {
        InflateTables tables = new();
        Span<byte> lengths = stackalloc byte[LiteralSymbols];
        lengths.Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        tables.BuildLiterals(lengths);
        lengths[..DistanceSymbols].Fill(5);
        tables.BuildDistances(lengths[..DistanceSymbols]);
        return tables;
    }
}
