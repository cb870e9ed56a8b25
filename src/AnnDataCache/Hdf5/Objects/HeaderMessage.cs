namespace AnnDataCache.Hdf5;

/// <summary>What a message of an object header is about.</summary>
internal enum MessageType
{
    Dataspace = 0x01,
    LinkInfo = 0x02,
    Datatype = 0x03,
    OldFillValue = 0x04,
    FillValue = 0x05,
    Link = 0x06,
    ExternalFiles = 0x07,
    Layout = 0x08,
    FilterPipeline = 0x0B,
    Attribute = 0x0C,
    SharedMessageTable = 0x0F,
    Continuation = 0x10,
    SymbolTable = 0x11,
    AttributeInfo = 0x15,
}

/// <summary>One message as stored. A shared one holds only where the real one is.</summary>
internal readonly record struct HeaderMessage(MessageType Type, byte Flags, ReadOnlyMemory<byte> Body, long Address)
{
    internal bool IsShared => (Flags & 0x02) != 0;
}
