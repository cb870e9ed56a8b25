using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

// Scale-offset: what a chunk's numbers have above their smallest
//
// A chunk starts with the width of a number in bits (4 bytes, little-endian), how many bytes of the smallest number follow,
// and that number in a field of 16 bytes. Then the numbers less the smallest, in that many bits each, from the highest bit
// down; all ones stand for the fill value where there is one. A width that is the type's own says that the values follow
// as they are. Floats are decimal fixed-point numbers: what stands there is divided by a power of ten first.

/// <summary>HDF5's filter 6.</summary>
internal static class ScaleOffset
{
    private const int ParameterCount = 20, HeaderSize = 21, SmallestAt = 5;
    private const uint Integers = 2, Decimals = 0;

    /// <summary>Decodes a chunk.</summary>
    /// <param name="source">The chunk as stored.</param>
    /// <param name="destination">Receives the values, in the byte order of their type.</param>
    /// <param name="clientData">
    /// Kind of scale, scale, how many values, 0 for integers or 1 for floats, size, sign, byte order, if there is a fill
    /// value, and that value, in words from the lowest.
    /// </param>
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination, ReadOnlySpan<uint> clientData)
    {
        Coding coding = Coding.Parse(clientData);
        long length = (long)coding.Count * coding.Size;
        if (coding.IsUnchanged)
        {
            return source.TryCopyTo(destination) ? source.Length : throw new CodecException(
                $"A scale-offset chunk of {source.Length} bytes does not fit the {destination.Length} of the destination.");
        }

        if (length > destination.Length || source.Length < HeaderSize)
        {
            throw new CodecException($"A scale-offset chunk of {coding.Count} values of {coding.Size} bytes does not fit the "
                + $"{destination.Length} of the destination, or its {source.Length} bytes are fewer than the {HeaderSize} "
                + "of its header.");
        }

        uint width = BinaryPrimitives.ReadUInt32LittleEndian(source);
        if (width > 8 * coding.Size)
        {
            throw new CodecException(
                $"A scale-offset chunk has numbers of {width} bits; {8 * coding.Size} is the most for its type.");
        }

        destination = destination[..(int)length];
        ReadOnlySpan<byte> values = source[HeaderSize..];
        if (width == 8 * coding.Size)
        {
            CopyWhole(values, destination, coding);
        }
        else
        {
            DecodeNumbers(values, destination, (int)width, Smallest(source), coding);
        }

        return destination.Length;
    }

    private static ulong Smallest(ReadOnlySpan<byte> source)
    {
        int size = source[SmallestAt - 1];
        ulong smallest = BinaryPrimitives.ReadUInt64LittleEndian(source[SmallestAt..]);
        return size >= sizeof(ulong) ? smallest : smallest & ((1ul << (8 * size)) - 1);
    }

    private static void DecodeNumbers(
        ReadOnlySpan<byte> source, Span<byte> destination, int width, ulong smallest, in Coding coding)
    {
        BitReader bits = new(source, "scale-offset");
        ulong allOnes = (1ul << width) - 1;
        for (int at = 0; at < destination.Length; at += coding.Size)
        {
            ulong number = bits.Read(width);
            number = coding.HasFill && number == allOnes ? coding.Fill
                : !coding.IsFloat ? number + smallest
                : coding.Size == 4 ? Single((int)number, (uint)smallest, coding.Scale)
                : Double((long)number, smallest, coding.Scale);
            Store(number, destination.Slice(at, coding.Size), coding.IsBigEndian);
        }
    }

    // Each type is reckoned in its own precision, as the writer's library does when it reads: the results are the same bits.
    private static ulong Single(int number, uint smallest, int scale) => BitConverter.SingleToUInt32Bits(
        (number / MathF.Pow(10, scale)) + BitConverter.UInt32BitsToSingle(smallest));

    private static ulong Double(long number, ulong smallest, int scale) => BitConverter.DoubleToUInt64Bits(
        (number / Math.Pow(10, scale)) + BitConverter.UInt64BitsToDouble(smallest));

    private static void CopyWhole(ReadOnlySpan<byte> source, Span<byte> destination, in Coding coding)
    {
        if (source.Length < destination.Length)
        {
            throw new CodecException(
                $"A scale-offset chunk of whole values has {source.Length} of their {destination.Length} bytes.");
        }

        source[..destination.Length].CopyTo(destination);
        if (coding.IsBigEndian)
        {
            for (; destination.Length > 0; destination = destination[coding.Size..])
            {
                destination[..coding.Size].Reverse();
            }
        }
    }

    private static void Store(ulong number, Span<byte> value, bool isBigEndian)
    {
        for (int i = 0; i < value.Length; i++)
        {
            value[isBigEndian ? value.Length - 1 - i : i] = (byte)(number >> (8 * i));
        }
    }

    /// <summary>What the filter's parameters say.</summary>
    private readonly record struct Coding(
        uint Count, int Size, bool IsFloat, bool IsBigEndian, int Scale, bool HasFill, ulong Fill)
    {
        /// <summary>The writer asked for integers of all their bits, and the filter left them as they were.</summary>
        internal bool IsUnchanged => !IsFloat && Scale == 8 * Size;

        internal static Coding Parse(ReadOnlySpan<uint> clientData)
        {
            if (clientData.Length < ParameterCount)
            {
                throw new CodecException(
                    $"The scale-offset filter has {clientData.Length} of its {ParameterCount} parameters.");
            }

            uint kind = clientData[0], type = clientData[3], size = clientData[4], order = clientData[6];
            bool isFloat = type == 1;
            bool isKnown = isFloat ? kind == Decimals && size is 4 or 8 : type == 0 && kind == Integers && size is 1 or 2 or 4 or 8;
            if (!isKnown || order > 1)
            {
                throw new CodecException($"The scale-offset filter cannot have scale kind {kind} for values of class {type}, "
                    + $"{size} bytes and order {order}; decimal floats (0, 1) and integers (2, 0) are known.");
            }

            ulong fill = (ulong)clientData[9] << 32 | clientData[8];
            return new Coding(
                clientData[2], (int)size, isFloat, order == 1, (int)clientData[1], clientData[7] != 0, fill);
        }
    }
}
