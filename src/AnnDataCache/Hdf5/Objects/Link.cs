using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>How a name in a group leads on.</summary>
internal enum LinkKind
{
    Hard = 0,
    Soft = 1,
    External = 64,
    Other = 255,
}

/// <summary>One name in a group.</summary>
/// <param name="Name">As stored.</param>
/// <param name="Kind">Where to look.</param>
/// <param name="Address">Of the object header, for a hard link.</param>
/// <param name="Target">Path of the target, for a soft or external link.</param>
/// <param name="File">File of the target, for an external link.</param>
internal sealed record Link(string Name, LinkKind Kind, long Address, string Target, string File)
{
    /// <summary>Reads a link message.</summary>
    internal static Link Parse(FormatSource source, ReadOnlySpan<byte> body, long address)
    {
        FormatReader reader = source.Reader(body, "link message", address);
        reader.Version(1, 1);
        int flags = reader.Byte();
        int kind = (flags & 0x08) != 0 ? reader.Byte() : 0;
        if ((flags & 0x04) != 0) { reader.Skip(8); } // creation order
        if ((flags & 0x10) != 0) { reader.Skip(1); } // character set: UTF-8 contains ASCII
        string name = DatatypeParser.Text(reader.Take(checked((int)reader.Number(1 << (flags & 3)))));
        switch (kind)
        {
            case 0:
                return new Link(name, LinkKind.Hard, reader.Offset(), "", "");
            case 1:
                return new Link(name, LinkKind.Soft, 0, DatatypeParser.Text(reader.Take(reader.UInt16())), "");
            case 64:
                FormatReader value = source.Reader(reader.Take(reader.UInt16()), "external link", address);
                value.Skip(1); // version and flags
                string file = DatatypeParser.Text(value.NulTerminated());
                return new Link(name, LinkKind.External, 0, DatatypeParser.Text(value.NulTerminated()), file);
            default:
                return new Link(name, LinkKind.Other, 0, $"user-defined class {kind}", "");
        }
    }
}
