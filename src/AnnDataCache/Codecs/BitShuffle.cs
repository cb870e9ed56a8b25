using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AnnDataCache.Codecs;

/// <summary>Bit shuffle: the elements' lowest bits first, eight to a byte, then their second bits, and so on.</summary>
internal static class BitShuffle
{
    private const int HeaderSize = 12, Group = 8;
    private const uint TargetBlockBytes = 8192, LeastBlockElements = 128;
    private const uint Uncompressed = 0, Lz4Compressed = 2, ZstdCompressed = 3;

    /// <summary>HDF5's filter 32008: bit-shuffled blocks, each compressed or not; up to seven last elements are stored as they are.</summary>
    /// <param name="source">The chunk as stored.</param>
    /// <param name="destination">Receives the elements.</param>
    /// <param name="clientData">Version (2 words), element size, elements per block or 0, compressor.</param>
    internal static int DecodeFilter(ReadOnlySpan<byte> source, Span<byte> destination, ReadOnlySpan<uint> clientData)
    {
        uint elementSize = clientData.Length > 2 ? clientData[2] : 0;
        uint blockElements = clientData.Length > 3 ? clientData[3] : 0, compressor = clientData.Length > 4 ? clientData[4] : 0;
        if (elementSize is 0 or > int.MaxValue || compressor is not (Uncompressed or Lz4Compressed or ZstdCompressed))
        {
            throw new CodecException(
                $"The bitshuffle filter cannot have elements of {elementSize} bytes and compressor {compressor} (0, 2 and 3 are known).");
        }

        ulong total = (ulong)source.Length, blockBytes = (ulong)blockElements * elementSize;
        if (compressor != Uncompressed)
        {
            if (source.Length < HeaderSize)
            {
                throw new CodecException($"A bitshuffle chunk of {source.Length} bytes is shorter than its {HeaderSize}-byte header.");
            }

            total = BinaryPrimitives.ReadUInt64BigEndian(source);
            blockBytes = BinaryPrimitives.ReadUInt32BigEndian(source[8..]);
            source = source[HeaderSize..];
        }

        blockBytes = blockBytes == 0 ? DefaultBlockElements(elementSize) * elementSize : blockBytes;
        if (total > (ulong)destination.Length || blockBytes % (Group * (ulong)elementSize) != 0)
        {
            throw new CodecException($"A bitshuffle chunk of {total} bytes in blocks of {blockBytes} does not fit the "
                + $"{destination.Length} bytes of the destination, or its blocks are not multiples of eight elements.");
        }

        DecodeBlocks(source, destination[..(int)total], (int)elementSize, blockBytes, compressor);
        return (int)total;
    }

    /// <summary>Undoes the shuffle of one block.</summary>
    /// <exception cref="CodecException">The length is not a multiple of eight elements, or the spans differ in length.</exception>
    internal static void Undo(ReadOnlySpan<byte> source, Span<byte> destination, int elementSize)
    {
        if (elementSize < 1 || source.Length != destination.Length || source.Length % (Group * (long)elementSize) != 0)
        {
            throw new CodecException(
                $"Cannot undo the bit shuffle of {source.Length} bytes of {elementSize}-byte elements into {destination.Length}.");
        }

        int rowBytes = source.Length / elementSize / Group;
        for (int plane = 0; plane < elementSize; plane++)
        {
            ReadOnlySpan<byte> rows = source.Slice(plane * rowBytes * Group, rowBytes * Group);
            ref byte row = ref MemoryMarshal.GetReference(rows);
            ref byte target = ref Unsafe.Add(ref MemoryMarshal.GetReference(destination), plane);
            for (int column = 0; column < rowBytes; column++)
            {
                // Eight elements' bytes of this plane: bit i of element k stands in bit k of row i.
                ulong square = 0;
                for (int bit = 0; bit < Group; bit++)
                {
                    square |= (ulong)Unsafe.Add(ref row, bit * rowBytes + column) << (8 * bit);
                }

                square = Transpose(square);
                for (int element = 0; element < Group; element++)
                {
                    Unsafe.Add(ref target, (column * Group + element) * elementSize) = (byte)(square >> (8 * element));
                }
            }
        }
    }

    private static void DecodeBlocks(
        ReadOnlySpan<byte> source, Span<byte> destination, int elementSize, ulong blockBytes, uint compressor)
    {
        // The last block may be shorter, but is whole groups of eight elements.
        int whole = destination.Length - destination.Length % (int)Math.Min(int.MaxValue, (long)Group * elementSize);
        while (whole > 0)
        {
            int length = (int)Math.Min(blockBytes, (ulong)whole);
            ReadOnlySpan<byte> shuffled = compressor == Uncompressed
                ? TakeRaw(ref source, length)
                : Decompress(Hdf5Lz4.TakeBlock(ref source), length, compressor);
            Undo(shuffled, destination[..length], elementSize);
            destination = destination[length..];
            whole -= length;
        }

        TakeRaw(ref source, destination.Length).CopyTo(destination);
    }

    private static ReadOnlySpan<byte> Decompress(ReadOnlySpan<byte> block, int length, uint compressor)
    {
        Span<byte> shuffled = Scratch.Get(Scratch.Purpose.Block, length);
        int written = compressor == Lz4Compressed ? Lz4.Decode(block, shuffled) : Zstd.Decode(block, shuffled);
        return written == length ? shuffled : throw new CodecException($"A bitshuffle block has {written} of its {length} bytes.");
    }

    private static ReadOnlySpan<byte> TakeRaw(ref ReadOnlySpan<byte> source, int length)
    {
        if (length > source.Length)
        {
            throw new CodecException($"A bitshuffle chunk ends {length - source.Length} bytes too early.");
        }

        ReadOnlySpan<byte> taken = source[..length];
        source = source[length..];
        return taken;
    }

    private static ulong DefaultBlockElements(uint elementSize) =>
        Math.Max(TargetBlockBytes / elementSize / Group * Group, LeastBlockElements);

    // An 8 by 8 matrix of bits is transposed by swapping its off-diagonal single bits, then pairs, then fours.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Transpose(ulong square)
    {
        square = Swap(square, 7, 0x00AA00AA00AA00AA);
        square = Swap(square, 14, 0x0000CCCC0000CCCC);
        return Swap(square, 28, 0x00000000F0F0F0F0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Swap(ulong square, int distance, ulong mask)
    {
        ulong changed = (square ^ square >> distance) & mask;
        return square ^ changed ^ changed << distance;
    }
}
