using System.Globalization;
using System.Text;

namespace AnnDataCache.Cli.Export;

/// <summary>Numbers as numpy's .npy file, version 1.0: C order, little-endian.</summary>
internal static class NpyExport
{
    /// <summary>The data start at a multiple of 64, as numpy aligns them.</summary>
    private const int Alignment = 64;

    internal static void Write(PinnedElement pinned, Stream stream, CancellationToken cancellation)
    {
        if (pinned.Columns is not [{ Categories: null } column] || pinned.Info.Kind != ElementKind.Dense)
        {
            throw ExportVerb.Wrong(pinned, "npy", "dense arrays and columns of numbers without missing values");
        }

        stream.Write(Header(column.Type, pinned.Info.Shape));
        ColumnBlocks.Read(column, (_, bytes) => stream.Write(bytes), cancellation);
    }

    internal static byte[] Header(DType type, IReadOnlyList<long> shape)
    {
        string lengths = string.Concat(shape.Select(length => string.Create(CultureInfo.InvariantCulture, $"{length}, "))).TrimEnd();
        if (shape.Count > 1) { lengths = lengths.TrimEnd(','); } // a tuple of one keeps its comma
        string text = $"{{'descr': '{Descriptor(type)}', 'fortran_order': False, 'shape': ({lengths}), }}";
        const int Prefix = 10;
        int total = (Prefix + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[total];
        header.AsSpan().Fill((byte)' ');
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        (header[6], header[7]) = (1, 0);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)(total - Prefix)));
        Encoding.ASCII.GetBytes(text, header.AsSpan(Prefix));
        header[^1] = (byte)'\n';
        return header;
    }

    private static string Descriptor(DType type) => type switch
    {
        DType.Bool => "|b1",
        DType.Int8 => "|i1",
        DType.UInt8 => "|u1",
        DType.Int16 => "<i2",
        DType.Int32 => "<i4",
        DType.Int64 => "<i8",
        DType.UInt16 => "<u2",
        DType.UInt32 => "<u4",
        DType.UInt64 => "<u8",
        DType.Float16 => "<f2",
        DType.Float32 => "<f4",
        DType.Float64 => "<f8",
        DType.Complex64 => "<c8",
        DType.Complex128 => "<c16",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of numbers."),
    };
}
