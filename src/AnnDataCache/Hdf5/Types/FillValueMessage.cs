using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>The messages of an object header that say what stands where nothing was written.</summary>
internal static class FillValueMessage
{
    internal static FillValue Parse(FormatSource source, ObjectHeader header, Datatype type)
    {
        ReadOnlySpan<byte> stored = [];
        if (header.Find(MessageType.FillValue) is { } message)
        {
            stored = ParseNew(source, SharedMessage.Resolve(source, message).Span, message.Address);
        }
        else if (header.Find(MessageType.OldFillValue) is { } old)
        {
            FormatReader reader = source.Reader(SharedMessage.Resolve(source, old).Span, "fill value", old.Address);
            stored = reader.Take(reader.Int32());
        }

        if (stored.IndexOfAnyExcept((byte)0) < 0) { return FillValue.Zero; }
        if (stored.Length != type.Size)
        {
            throw new DamagedContainerException(
                $"The fill value has {stored.Length:N0} bytes; a value has {type.Size:N0}.");
        }

        byte[] value = stored.ToArray();
        type.ToLittleEndian(value);
        return new FillValue(value);
    }

    private static ReadOnlySpan<byte> ParseNew(FormatSource source, ReadOnlySpan<byte> body, long address)
    {
        FormatReader reader = source.Reader(body, "fill value", address);
        int version = reader.Version(1, 3);
        if (version == 3)
        {
            return (reader.Byte() & 0x20) != 0 ? reader.Take(reader.Int32()) : [];
        }

        reader.Skip(2); // when space is allocated, and when the fill value is written
        bool isDefined = reader.Byte() != 0;
        if (version == 2 && !isDefined) { return []; }
        uint size = reader.UInt32();
        return size > int.MaxValue ? [] : reader.Take((int)size); // -1: never defined
    }
}
