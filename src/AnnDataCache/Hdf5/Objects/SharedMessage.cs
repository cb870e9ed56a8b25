using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>
/// Finds the message that a shared one stands for: a committed datatype, one in another object's header, or one in the
/// file's table.
/// </summary>
internal static class SharedMessage
{
    /// <summary>The body to parse, whether or not it is stored elsewhere.</summary>
    internal static ReadOnlyMemory<byte> Resolve(FormatSource source, HeaderMessage message) =>
        message.IsShared ? Follow(source, message.Type, message.Body.Span, message.Address) : message.Body;

    internal static ReadOnlyMemory<byte> Follow(
        FormatSource source, MessageType type, ReadOnlySpan<byte> body, long address)
    {
        FormatReader reader = source.Reader(body, "shared message", address);
        int version = reader.Version(1, 3);
        int kind = reader.Byte();
        if (version == 3 && kind == 1)
        {
            return source.SharedMessages?.Read(type, reader.Take(reader.Remaining))
                ?? throw reader.Damaged("lies in a shared message table, which this file does not have");
        }

        if (version == 1) { reader.Skip(6); }
        long target = reader.Offset();
        HeaderMessage found = ObjectHeader.Read(source, target).Find(type)
            ?? throw reader.Damaged($"leads to the object at {target:N0}, which has no {type} message");
        return found.IsShared
            ? throw reader.Damaged($"leads to another shared message at {target:N0}")
            : found.Body;
    }
}
