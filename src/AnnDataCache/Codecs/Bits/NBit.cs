namespace AnnDataCache.Codecs;

// N-bit: only the bits of a value that its type uses
//
// The parameters are: how many there are, 1 if the filter changed nothing, how many values a chunk has, and the type. Of a
// number are stored, from the highest down, the bits that its precision and offset say; the others come out as zero. Arrays
// and compounds are their parts in turn, whatever else is stored as it is; nothing is aligned to bytes.
//
//   number    1, size, byte order, precision, offset      compound  3, size, how many, and for each: its place, its type
//   array     2, size, type of the entries                other     4, size

/// <summary>HDF5's filter 5.</summary>
internal static class NBit
{
    private const int TypeAt = 3, MaxDepth = 16;
    private const uint Number = 1, Array = 2, Compound = 3, Other = 4;

    /// <summary>Bytes that one stored byte can become at most; null where the parameters are not those of a number.</summary>
    internal static long? MaxGrowth(ReadOnlySpan<uint> clientData) => clientData switch
    {
        [_, not 0, ..] => 1,
        [_, 0, _, Number, uint size, _, uint precision, ..] when precision > 0 => ((8L * size) + precision - 1) / precision,
        _ => null,
    };

    /// <summary>Decodes a chunk.</summary>
    /// <param name="source">The chunk as stored.</param>
    /// <param name="destination">Receives the values, in the byte order of their type.</param>
    /// <param name="clientData">The parameters.</param>
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination, ReadOnlySpan<uint> clientData)
    {
        if (clientData is [_, not 0, ..])
        {
            return source.TryCopyTo(destination) ? source.Length : throw new CodecException(
                $"An n-bit chunk of {source.Length} bytes does not fit the {destination.Length} of the destination.");
        }

        int at = TypeAt + 1;
        uint size = Parameter(clientData, ref at), count = clientData[TypeAt - 1];
        if (size == 0 || (ulong)count * size > (ulong)destination.Length)
        {
            throw new CodecException(
                $"An n-bit chunk of {count} values of {size} bytes does not fit the {destination.Length} of the destination.");
        }

        destination = destination[..(int)(count * size)];
        destination.Clear();
        BitReader bits = new(source, "n-bit");
        for (int start = 0; start < destination.Length; start += (int)size)
        {
            at = TypeAt;
            DecodeValue(ref bits, destination.Slice(start, (int)size), clientData, ref at, depth: 0);
        }

        return destination.Length;
    }

    /// <summary>Decodes a value of the type that stands at <paramref name="at"/> in the parameters, and goes behind the type.</summary>
    /// <remarks>Every value takes at least one bit of the source, which bounds the work.</remarks>
    private static void DecodeValue(
        ref BitReader bits, scoped Span<byte> value, ReadOnlySpan<uint> clientData, ref int at, int depth)
    {
        uint kind = Parameter(clientData, ref at), size = Parameter(clientData, ref at);
        if (size == 0 || size > (uint)value.Length || depth > MaxDepth)
        {
            throw new CodecException($"An n-bit type of {size} bytes, {depth} deep, does not fit the {value.Length} bytes "
                + $"of its place, or is deeper than {MaxDepth}.");
        }

        value = value[..(int)size];
        switch (kind)
        {
            case Number:
                DecodeNumber(ref bits, value, clientData, ref at);
                break;
            case Array:
                DecodeArray(ref bits, value, clientData, ref at, depth);
                break;
            case Compound:
                DecodeCompound(ref bits, value, clientData, ref at, depth);
                break;
            case Other:
                foreach (ref byte one in value) { one = (byte)bits.Read(8); }
                break;
            default:
                throw new CodecException($"An n-bit type is of kind {kind}; {Number} to {Other} are known.");
        }
    }

    private static void DecodeNumber(ref BitReader bits, scoped Span<byte> value, ReadOnlySpan<uint> clientData, ref int at)
    {
        uint order = Parameter(clientData, ref at), precision = Parameter(clientData, ref at);
        uint offset = Parameter(clientData, ref at);
        long end = (long)precision + offset;
        if (order > 1 || precision == 0 || end > 8L * value.Length)
        {
            throw new CodecException($"An n-bit number cannot have {precision} bits from bit {offset} on in "
                + $"{value.Length} bytes of order {order} (0 and 1 are known).");
        }

        for (long index = (end - 1) / 8; index >= offset / 8; index--)
        {
            int low = (int)(Math.Max(offset, 8 * index) - (8 * index)), high = (int)Math.Min(8, end - (8 * index));
            byte stored = (byte)(bits.Read(high - low) << low);
            value[(int)(order == 0 ? index : value.Length - 1 - index)] = stored;
        }
    }

    private static void DecodeArray(
        ref BitReader bits, scoped Span<byte> value, ReadOnlySpan<uint> clientData, ref int at, int depth)
    {
        int type = at, sizeAt = at + 1;
        uint size = Parameter(clientData, ref sizeAt);
        if (size == 0 || (uint)value.Length % size != 0)
        {
            throw new CodecException($"An n-bit array of {value.Length} bytes has entries of {size}.");
        }

        for (; value.Length > 0; value = value[(int)size..])
        {
            at = type;
            DecodeValue(ref bits, value[..(int)size], clientData, ref at, depth + 1);
        }
    }

    private static void DecodeCompound(
        ref BitReader bits, scoped Span<byte> value, ReadOnlySpan<uint> clientData, ref int at, int depth)
    {
        uint members = Parameter(clientData, ref at);
        if (members == 0) { throw new CodecException("An n-bit compound has no members."); }
        for (; members > 0; members--)
        {
            uint place = Parameter(clientData, ref at);
            if (place >= (uint)value.Length)
            {
                throw new CodecException($"A member of an n-bit compound of {value.Length} bytes is at byte {place}.");
            }

            DecodeValue(ref bits, value[(int)place..], clientData, ref at, depth + 1);
        }
    }

    private static uint Parameter(ReadOnlySpan<uint> clientData, ref int at) => at < clientData.Length
        ? clientData[at++]
        : throw new CodecException($"The n-bit filter has {clientData.Length} parameters; its type goes on behind them.");
}
