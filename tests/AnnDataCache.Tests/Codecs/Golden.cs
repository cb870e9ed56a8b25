using System.Globalization;
using System.Security.Cryptography;

namespace AnnDataCache.Tests.Codecs;

/// <summary>
/// What the reference encoders wrote: <c>tests/data/codecs/generate.py</c> and <c>tests/data/hdf5/generate_packed.py</c> say how.
/// </summary>
internal sealed record Golden(string Decoder, string Name, string Parameters, byte[] Encoded, int Length, string Sha256)
{
    private static readonly Lazy<Golden[]> s_all = new(() => [.. Load("codecs/goldens"), .. Load("hdf5/packed-chunks")]);

    /// <summary>The parameters of a filter of HDF5.</summary>
    internal uint[] ClientData => [.. Parameters.Split(',').Select(word => uint.Parse(word, CultureInfo.InvariantCulture))];

    /// <summary>The goldens of one decoder; never none.</summary>
    internal static IReadOnlyList<Golden> Of(string decoder)
    {
        Golden[] found = [.. s_all.Value.Where(golden => golden.Decoder == decoder)];
        Assert.NotEmpty(found);
        return found;
    }

    /// <summary>Decodes every golden, into just enough room and into more, and compares with what was encoded.</summary>
    internal static void Check(string decoder, Func<Golden, Guarded.Decoder> choose)
    {
        foreach (Golden golden in Of(decoder))
        {
            foreach (int spare in (int[])[0, 1, 1000])
            {
                CheckOne(golden, golden.Length + spare, choose(golden));
            }
        }
    }

    internal static void CheckOne(Golden golden, int capacity, Guarded.Decoder decoder)
    {
        byte[] decoded = [];
        try
        {
            decoded = Guarded.Decode(decoder, golden.Encoded, capacity);
        }
        catch (AnnDataCache.Codecs.CodecException refusal)
        {
            Assert.Fail($"{golden}, room for {capacity} bytes: {refusal.Message}");
        }

        bool same = golden.Length == decoded.Length && golden.Sha256 == Convert.ToHexStringLower(SHA256.HashData(decoded));
        Assert.True(same, $"{golden}, room for {capacity} bytes: {decoded.Length} bytes, not the {golden.Length} expected.");
    }

    public override string ToString() => $"{Decoder} golden '{Name}' ({Parameters})";

    private static Golden[] Load(string name)
    {
        byte[] bytes = File.ReadAllBytes(TestFiles.Small(name + ".bin"));
        return [.. File.ReadLines(TestFiles.Small(name + ".tsv")).Select(line =>
        {
            string[] cells = line.Split('\t');
            int[] numbers = [.. cells[3..6].Select(cell => int.Parse(cell, CultureInfo.InvariantCulture))];
            return new Golden(cells[0], cells[1], cells[2], bytes.AsSpan(numbers[0], numbers[1]).ToArray(), numbers[2], cells[6]);
        })];
    }
}
