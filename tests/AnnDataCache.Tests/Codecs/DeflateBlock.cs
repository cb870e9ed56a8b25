namespace AnnDataCache.Tests.Codecs;

/// <summary>A deflate block with codes and symbols of the test's choice, which no compressor would write, and what it decodes to.</summary>
internal sealed class DeflateBlock
{
    private const int Longest = 15, EndOfBlock = 256;

    private readonly List<byte> _encoded = [];
    private readonly List<byte> _decoded = [];
    private readonly byte[] _lengths, _distances;
    private readonly int[] _lengthCodes, _distanceCodes;
    private int _bit;

    /// <summary>Random codes of up to 15 bits; <paramref name="eighths"/> of the code space are literals'.</summary>
    internal DeflateBlock(Random random, int eighths)
    {
        _lengths = [.. Split(random, 256, eighths), .. Split(random, 30, 8 - eighths)];
        _distances = Split(random, 30, 8);
        _lengthCodes = Canonical(_lengths);
        _distanceCodes = Canonical(_distances);

        // Last, with codes of its own: 286 literals and lengths, 30 distances, 19 code lengths, of which 0 to 15 have four bits each.
        Bits(1, 1);
        Bits(2, 2);
        Bits(286 - 257, 5);
        Bits(30 - 1, 5);
        Bits(19 - 4, 4);
        foreach (int symbol in (int[])[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
        {
            Bits(symbol < 16 ? 4 : 0, 3);
        }

        foreach (byte length in (byte[])[.. _lengths, .. _distances])
        {
            Reversed(length, 4);
        }
    }

    internal ReadOnlySpan<byte> LiteralLengths => _lengths;

    internal byte[] Decoded => [.. _decoded];

    /// <summary>The block, ended.</summary>
    internal byte[] End()
    {
        Reversed(_lengthCodes[EndOfBlock], _lengths[EndOfBlock]);
        return [.. _encoded];
    }

    internal void Literal(byte value)
    {
        Reversed(_lengthCodes[value], _lengths[value]);
        _decoded.Add(value);
    }

    /// <summary>A match with the length of a symbol from 257 and the distance of one from 0, or the nearest that is there.</summary>
    internal void Match(Random random, int lengthSymbol, int distanceSymbol)
    {
        (int start, int extra) = lengthSymbol == 285 ? (258, 0) : Range(lengthSymbol - 257, perSize: 4, first: 3);
        int length = start + random.Next(1 << extra);
        (int from, int more) = Range(distanceSymbol, perSize: 2, first: 1);
        if (from > _decoded.Count)
        {
            return;
        }

        int distance = from + random.Next(Math.Min(1 << more, _decoded.Count - from + 1));
        Reversed(_lengthCodes[lengthSymbol], _lengths[lengthSymbol]);
        Bits(length - start, extra);
        Reversed(_distanceCodes[distanceSymbol], _distances[distanceSymbol]);
        Bits(distance - from, more);
        for (; length > 0; length--)
        {
            _decoded.Add(_decoded[^distance]);
        }
    }

    // The first two groups of symbols have no extra bits, each group after them one more.
    private static (int Start, int Extra) Range(int symbol, int perSize, int first)
    {
        int start = first;
        for (int before = 0; before < symbol; before++)
        {
            start += 1 << Math.Max(0, before / perSize - 1);
        }

        return (start, Math.Max(0, symbol / perSize - 1));
    }

    // Leaves of three bits, then any leaf becomes two, until there are as many as symbols.
    private static byte[] Split(Random random, int symbols, int eighths)
    {
        List<byte> leaves = [.. Enumerable.Repeat((byte)3, eighths)];
        while (leaves.Count < symbols)
        {
            int leaf = random.Next(leaves.Count);
            if (leaves[leaf] < Longest)
            {
                leaves[leaf]++;
                leaves.Add(leaves[leaf]);
            }
        }

        byte[] lengths = [.. leaves];
        random.Shuffle(lengths);
        return lengths;
    }

    private static int[] Canonical(byte[] lengths)
    {
        int[] codes = new int[lengths.Length];
        int code = 0;
        for (int length = 1; length <= Longest; length++, code <<= 1)
        {
            for (int symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] == length)
                {
                    codes[symbol] = code++;
                }
            }
        }

        return codes;
    }

    // Codes begin with their highest bit, all else with the lowest.
    private void Reversed(int code, int count)
    {
        while (count-- > 0)
        {
            Bits(code >> count & 1, 1);
        }
    }

    private void Bits(int value, int count)
    {
        for (; count > 0; count--, value >>= 1, _bit++)
        {
            if (_bit % 8 == 0)
            {
                _encoded.Add(0);
            }

            _encoded[^1] |= (byte)((value & 1) << _bit % 8);
        }
    }
}
