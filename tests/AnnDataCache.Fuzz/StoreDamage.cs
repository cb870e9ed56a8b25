using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AnnDataCache.Fuzz;

/// <summary>Damages the values of a Zarr store, each in its own way.</summary>
internal static partial class StoreDamage
{
    private static readonly string[] s_words =
    [
        "null", "true", "{}", "[]", "[[[[]]]]", "-0.0", "1e400", "\"NaN\"", "\"\"", "\"..\"", "\"/\"", "\"\\ud800\"", "\"string\"", "\"<U2147483647\"", "\"|O\"",
        "\"<f8\"", "\"|V8\"", "\"float32\"", "\"bool\"", "\"F\"", "\"start\"", "\"big\"", "\"sharding_indexed\"", "\"vlen-utf8\"", "\"gzip\"", "\"blosc\"", "\"crc32c\"",
        "\"transpose\"", "\"array\"", "\"group\"", "[1]", "[0, 0]", "[2, 1, 0]", "[[\"a\", \"<i4\"]]",
    ];

    internal static DamagedStore Make(StoreSeed seed, Random random)
    {
        List<(string Key, byte[] Value)> values = [.. seed.Values.Select(value => (value.Key, value.Value))];
        for (int edits = 1 + random.Next(6); edits > 0 && values.Count > 0; edits--)
        {
            int at = random.Next(values.Count);
            (string key, byte[] value) = values[at];
            switch (random.Next(16))
            {
                case 0: values.RemoveAt(at); break;
                case 1: values[at] = (key, values[random.Next(values.Count)].Value); break;
                case 2: values[at] = (values[random.Next(values.Count)].Key, value); break;
                default: values[at] = (key, IsText(key) ? DamageText(value, random) : DamageBytes(value, random)); break;
            }
        }

        return new DamagedStore(values, IsFolder: random.Next(2) == 0);
    }

    private static bool IsText(string key) => key.EndsWith(".json", StringComparison.Ordinal) || Path.GetFileName(key).StartsWith('.');

    private static byte[] DamageText(byte[] value, Random random)
    {
        string text = Encoding.UTF8.GetString(value);
        MatchCollection tokens = Token().Matches(text);
        if (tokens.Count == 0 || random.Next(20) == 0) { return DamageBytes(value, random); }
        Match token = tokens[random.Next(tokens.Count)];
        string other = random.Next(4) switch
        {
            0 => s_words[random.Next(s_words.Length)],
            1 => tokens[random.Next(tokens.Count)].Value,
            2 when long.TryParse(token.Value, out long number) => (number + random.Next(-2, 3)).ToString(CultureInfo.InvariantCulture),
            _ => Mutant.Interesting(random, value.Length).ToString(CultureInfo.InvariantCulture),
        };
        return Encoding.UTF8.GetBytes(string.Concat(text.AsSpan(0, token.Index), other, text.AsSpan(token.Index + token.Length)));
    }

    /// <summary>Headers stand at the start of a chunk, a shard's index at one of its ends.</summary>
    private static byte[] DamageBytes(byte[] value, Random random)
    {
        if (value.Length == 0) { return new byte[random.Next(64)]; }
        byte[] bytes = [.. value];
        int at = random.Next(3) switch { 0 => random.Next(bytes.Length), 1 => random.Next(Math.Min(32, bytes.Length)), _ => bytes.Length - 1 - random.Next(Math.Min(64, bytes.Length)) };
        switch (random.Next(8))
        {
            case 0: return bytes[..at];
            case 1: return [.. bytes, .. new byte[random.Next(64)]];
            case 2: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 3: bytes[at] = (byte)random.Next(256); break;
            default:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, Mutant.Interesting(random, bytes.Length));
                number[..Math.Min(1 << random.Next(4), bytes.Length - at)].CopyTo(bytes.AsSpan(at));
                break;
        }

        return bytes;
    }

    [GeneratedRegex("""-?[0-9][0-9.eE+-]*|"[^"\\]*"|true|false|null""")]
    private static partial Regex Token();
}
