using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Arrow bitmaps: one bit a row, least significant bit first.</summary>
internal static class ValidityBitmap
{
    internal static long Bytes(long rows) => (rows + 7) / 8;

    /// <summary>Writes the validity of a column from AnnData's mask (true = missing); returns the number of nulls.</summary>
    internal static long FillFromMask(ContainerArray mask, ColumnLayout column, ByteTarget target, ReadContext context) =>
        column.Rows - Pack(mask, column.Rows, column.Validity, target, invert: true, context);

    /// <summary>Packs an array of bytes (0 = false) to bits; returns how many bits are set.</summary>
    internal static long Pack(
        ContainerArray flags, long rows, BufferRange range, ByteTarget target, bool invert, ReadContext context)
    {
        byte[] block = new byte[(int)Math.Min(ColumnFiller.BlockRows, Math.Max(rows, 1))];
        byte[] bits = new byte[Bytes(block.Length)];
        long set = 0;
        FlatRows source = new(flags);
        for (long row = 0; row < rows; row += block.Length)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(block.Length, rows - row);
            source.Read(row, count, block);
            set += Pack(block.AsSpan(0, count), bits, invert);
            target.Write(range.Offset + (row / 8), bits.AsSpan(0, (int)Bytes(count)));
        }

        return set;
    }

    /// <summary>Packs one block; unused bits of the last byte are 0. Returns how many bits are set.</summary>
    internal static int Pack(ReadOnlySpan<byte> flags, Span<byte> bits, bool invert)
    {
        int set = 0, done = 0;
        for (; done <= flags.Length - Vector256<byte>.Count; done += Vector256<byte>.Count)
        {
            uint zeros = Vector256.Equals(Vector256.Create(flags[done..]), Vector256<byte>.Zero).ExtractMostSignificantBits();
            uint packed = invert ? zeros : ~zeros;
            BinaryPrimitives.WriteUInt32LittleEndian(bits[(done / 8)..], packed);
            set += BitOperations.PopCount(packed);
        }

        for (; done < flags.Length; done += 8)
        {
            uint packed = 0;
            int count = Math.Min(8, flags.Length - done);
            for (int bit = 0; bit < count; bit++)
            {
                packed |= (flags[done + bit] != 0) != invert ? 1u << bit : 0;
            }

            bits[done / 8] = (byte)packed;
            set += BitOperations.PopCount(packed);
        }

        return set;
    }

    /// <summary>Packs one block of codes: a bit is set where the code is not negative. Returns how many are.</summary>
    internal static int PackSigns<T>(ReadOnlySpan<T> codes, Span<byte> bits) where T : unmanaged, INumberBase<T>
    {
        int set = 0, done = 0;
        for (; done <= codes.Length - Vector256<T>.Count; done += Vector256<T>.Count)
        {
            uint packed = ~Vector256.Create(codes[done..]).ExtractMostSignificantBits() & (uint)((1UL << Vector256<T>.Count) - 1);
            for (int i = 0; i < Vector256<T>.Count; i += 8) { bits[(done + i) / 8] = (byte)(packed >> i); }
            set += BitOperations.PopCount(packed);
        }

        for (; done < codes.Length; done += 8)
        {
            uint packed = 0;
            int count = Math.Min(8, codes.Length - done);
            for (int bit = 0; bit < count; bit++) { packed |= T.IsNegative(codes[done + bit]) ? 0 : 1u << bit; }
            bits[done / 8] = (byte)packed;
            set += BitOperations.PopCount(packed);
        }

        return set;
    }
}

/// <summary>Reads an array by its values in C order, whatever its axes.</summary>
/// <remarks>A source reads whole rows; an array with more than one axis is small here and is read whole, once.</remarks>
internal sealed class FlatRows(ContainerArray array)
{
    /// <summary>Masks and codes with several axes stand in uns; none is near this.</summary>
    private const long MaxWholeBytes = 64 << 20;

    private byte[]? _whole;

    /// <summary>Values <c>[first, first + count)</c>.</summary>
    internal void Read(long first, int count, Span<byte> destination)
    {
        int size = array.Type.Size;
        if (array.Shape.Count <= 1)
        {
            array.ReadRows(first, count, destination[..(count * size)]);
            return;
        }

        _whole ??= ReadWhole();
        _whole.AsSpan((int)(first * size), count * size).CopyTo(destination);
    }

    private byte[] ReadWhole()
    {
        long bytes = checked(array.Count * array.Type.Size);
        if (bytes > MaxWholeBytes)
        {
            throw new UnsupportedContainerException(
                $"'{array.Path}' has {array.Shape.Count} axes and {bytes:N0} bytes; up to {MaxWholeBytes:N0} are read in this place");
        }

        byte[] whole = new byte[bytes];
        array.ReadRows(0, array.Shape[0], whole);
        return whole;
    }
}
