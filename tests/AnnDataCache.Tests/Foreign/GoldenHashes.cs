using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using AnnDataCache.Parts;
using AnnDataCache.Tests.Parts;

namespace AnnDataCache.Tests.Foreign;

/// <summary>What a foreign reader must find in a column of a golden part: the hashes of read-part.mjs, of the bytes that define it.</summary>
internal static class GoldenHashes
{
    internal static void Check(string what, GoldenColumn column, JsonElement found)
    {
        ColumnLayout layout = column.Layout;
        if (column.Categories is { } categories)
        {
            Same(what, found, "kind", "dictionary");
            Same(what, found, "type", layout.Type.Name());
            Same(what, found, "ordered", layout.Ordered);
            Same(what, found, "codes", Hash(Codes(column)));
            Same(what, found, "mask", Hash(Mask(column)));
            Check($"{what}, categories", categories, found.GetProperty("categories"));
            return;
        }

        switch (layout.Kind)
        {
            case ColumnKind.Number: CheckNumbers(what, column, found); break;
            case ColumnKind.Bool:
                byte[] bools = [.. Enumerable.Range(0, (int)layout.Rows).Select(row => (byte)(IsPresent(column, row) ? Bit(column.Values, row) : 0))];
                Same(what, found, "type", "bool");
                Same(what, found, "zeroed", Hash(bools));
                Same(what, found, "mask", Hash(Mask(column)));
                break;
            case ColumnKind.Sparse:
                Same(what, found, "type", layout.Type.Name());
                Same(what, found, "index_type", layout.IndexType.Name());
                Same(what, found, "offsets", Hash(Wide(column.Offsets, layout.IndexType)));
                Same(what, found, "indices", Hash(Wide(column.Indices, layout.IndexType)));
                Same(what, found, "values", Hash(column.Values));
                break;
            case ColumnKind.Bytes:
                Same(what, found, "kind", "bytes");
                Same(what, found, "sha256", Hash(column.Values));
                break;
            default:
                Same(what, found, "kind", "strings");
                Same(what, found, "mask", Hash(Mask(column)));
                Same(what, found, "zeroed", Hash(Strings(column)));
                break;
        }
    }

    /// <summary>Arrow knows neither complex numbers nor bools of a byte.</summary>
    private static void CheckNumbers(string what, GoldenColumn column, JsonElement found)
    {
        DType type = column.Layout.Type;
        string arrow = type switch
        {
            DType.Bool => "uint8",
            DType.Complex64 => "float32",
            DType.Complex128 => "float64",
            _ => type.Name(),
        };
        Same(what, found, "type", arrow);
        Same(what, found, "width", column.Layout.Width * (type is DType.Complex64 or DType.Complex128 ? 2 : 1));
        Same(what, found, "sha256", Hash(column.Values));
        Same(what, found, "mask", Hash(Mask(column)));
    }

    private static byte[] Strings(GoldenColumn column)
    {
        ReadOnlySpan<long> offsets = MemoryMarshal.Cast<byte, long>(column.Offsets);
        List<byte> bytes = [];
        for (int row = 0; row < column.Layout.Rows; row++)
        {
            if (IsPresent(column, row)) { bytes.AddRange(column.Values[(int)offsets[row]..(int)offsets[row + 1]]); }
            bytes.Add(0);
        }

        return [.. bytes];
    }

    private static byte[] Codes(GoldenColumn column)
    {
        int size = column.Layout.Type.Size();
        int[] codes = [.. Enumerable.Range(0, (int)column.Layout.Rows).Select(row =>
            IsPresent(column, row) ? Convert.ToInt32(column.Layout.Type.FromBytes(column.Values.AsSpan(row * size)), null) : -1)];
        return MemoryMarshal.AsBytes(codes.AsSpan()).ToArray();
    }

    private static byte[] Mask(GoldenColumn column) =>
        [.. Enumerable.Range(0, (int)column.Layout.Rows).Select(row => (byte)(IsPresent(column, row) ? 0 : 1))];

    private static byte[] Wide(byte[] bytes, DType type) =>
        type == DType.Int64 ? bytes : MemoryMarshal.AsBytes<long>([.. MemoryMarshal.Cast<byte, int>(bytes).ToArray()]).ToArray();

    private static bool IsPresent(GoldenColumn column, int row) => column.Validity.Length == 0 || Bit(column.Validity, row) == 1;

    private static int Bit(byte[] bits, int at) => (bits[at / 8] >> (at % 8)) & 1;

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static void Same(string what, JsonElement found, string member, object expected) =>
        Assert.True(
            string.Equals(found.GetProperty(member).ToString(), expected.ToString(), StringComparison.Ordinal),
            $"{what}: {member} is {found.GetProperty(member)}, not {expected}");
}
