using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AnnDataCache.Codecs;

/// <summary>The decoding tables of one block, in memory that does not move.</summary>
/// <remarks>
/// A table is indexed by the next bits of the input. An entry packs all that its code says:
/// <code>
///   bits 0-7     bits to consume: the code, plus the extra bits of a length or distance
///   bits 8-11    bits of the code alone
///   bit  12      Subtable: the code is longer than the index; bits 8-11 hold the subtable's index width, bits 16-31 its place
///   bit  13      Exceptional: not a whole literal, length or distance; without Subtable it ends the block or is invalid
///   bit  15      Literal
///   bits 16-31   the literal; or base of the length or distance; or 1 for the end of the block
/// </code>
/// </remarks>
internal sealed unsafe class InflateTables
{
    internal const uint Literal = 1 << 15, Exceptional = 1 << 13, Subtable = 1 << 12;
    internal const int LiteralBits = 11, DistanceBits = 8, MeterBits = 7;
    /// <summary>From the table of literals and lengths to that of distances.</summary>
    internal const uint DistanceOffset = LiteralCapacity;

    internal const int LiteralSymbols = 288, DistanceSymbols = 32, MeterSymbols = 19;

    private const int LongestCode = 15;
    private const uint EndOfBlock = Exceptional | 1 << 16;

    // Room for the worst that a code can ask for: one widest subtable per symbol.
    private const int LiteralCapacity = (1 << LiteralBits) + (LiteralSymbols << (LongestCode - LiteralBits));
    private const int DistanceCapacity = (1 << DistanceBits) + (DistanceSymbols << (LongestCode - DistanceBits));

    private static readonly uint[] s_literalEntries = LiteralEntries();
    private static readonly uint[] s_distanceEntries = DistanceEntries();
    private static readonly uint[] s_meterEntries = [.. Enumerable.Range(0, MeterSymbols).Select(symbol => (uint)symbol << 16)];
    private static readonly InflateTables s_fixed = MakeFixed();

    [ThreadStatic]
    private static InflateTables? s_scratch;

    private readonly uint[] _memory = GC.AllocateArray<uint>(LiteralCapacity + DistanceCapacity + (1 << MeterBits), pinned: true);

    /// <summary>The tables of blocks with fixed codes; shared by all threads and never written again.</summary>
    internal static InflateTables Fixed => s_fixed;

    /// <summary>This thread's tables, to be filled for each block with codes of its own.</summary>
    internal static InflateTables Scratch => s_scratch ??= new InflateTables();

    internal uint* Literals => (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));

    internal uint* Distances => Literals + DistanceOffset;

    /// <summary>The table of the code in which the other two codes' lengths are written.</summary>
    internal uint* Meters => Distances + DistanceCapacity;

    internal void BuildLiterals(ReadOnlySpan<byte> lengths) =>
        Build(lengths, s_literalEntries, Literals, LiteralBits, "literal", allowIncomplete: true);

    internal void BuildDistances(ReadOnlySpan<byte> lengths) =>
        Build(lengths, s_distanceEntries, Distances, DistanceBits, "distance", allowIncomplete: true);

    internal void BuildMeters(ReadOnlySpan<byte> lengths) =>
        Build(lengths, s_meterEntries, Meters, MeterBits, "code length", allowIncomplete: false);

    private static void Build(
        ReadOnlySpan<byte> lengths, ReadOnlySpan<uint> entries, uint* table, int indexBits, string name, bool allowIncomplete)
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
        ReadOnlySpan<ushort> symbols, Span<int> counts, ReadOnlySpan<uint> entries, uint* table, int indexBits)
    {
        int length = 1, at = 0, width = 1;
        uint code = 0;

        // Stays only where a code of one symbol or none leaves bits without meaning.
        table[0] = Exceptional | 1;
        for (; length <= indexBits; length++)
        {
            new ReadOnlySpan<uint>(table, width).CopyTo(new Span<uint>(table + width, width));
            width <<= 1;
            for (int left = counts[length]; left > 0; left--)
            {
                table[code] = Finish(entries[symbols[at++]], length);
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
                    table[prefix] = (uint)start << 16 | Exceptional | Subtable | (uint)subtableBits << 8 | (uint)indexBits;
                }

                uint entry = Finish(entries[symbols[at++]], length - indexBits);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Finish(uint entry, int length) => entry + (uint)length * 0x101;

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

    private static uint[] LiteralEntries()
    {
        uint[] entries = new uint[LiteralSymbols];
        for (uint value = 0; value < 256; value++)
        {
            entries[value] = value << 16 | Literal;
        }

        entries[256] = EndOfBlock;
        uint start = 3;
        for (int symbol = 257; symbol < 285; symbol++)
        {
            int extra = Math.Max(0, (symbol - 261) / 4);
            entries[symbol] = start << 16 | (uint)extra;
            start += 1u << extra;
        }

        entries[285] = 258 << 16;
        entries[286] = entries[287] = Exceptional;
        return entries;
    }

    private static uint[] DistanceEntries()
    {
        uint[] entries = new uint[DistanceSymbols];
        uint start = 1;
        for (int symbol = 0; symbol < 30; symbol++)
        {
            int extra = Math.Max(0, symbol / 2 - 1);
            entries[symbol] = start << 16 | (uint)extra;
            start += 1u << extra;
        }

        entries[30] = entries[31] = Exceptional;
        return entries;
    }

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
