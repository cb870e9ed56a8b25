using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>Where everything starts: sizes of addresses, and the address of the root group.</summary>
/// <param name="Root">Address of the root group's object header.</param>
/// <param name="Extension">Address of the superblock's own messages, or undefined.</param>
internal readonly record struct Superblock(long Root, long Extension)
{
    private static ReadOnlySpan<byte> Signature =>
        [0x89, (byte)'H', (byte)'D', (byte)'F', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Finds the signature at 0, 512, 1024, 2048 …: before it lies a block of the user's own.</summary>
    internal static long Find(SourceFile file)
    {
        Span<byte> found = stackalloc byte[8];
        for (long at = 0; at <= file.Length - found.Length; at = at == 0 ? 512 : at * 2)
        {
            file.Read(at, found);
            if (found.SequenceEqual(Signature)) { return at; }
        }

        found = found[..(int)Math.Min(found.Length, file.Length)];
        file.Read(0, found);
        throw new DamagedContainerException(
            $"'{file.Path}' is not an HDF5 file: its {file.Length:N0} bytes begin with {Describe(found)}, "
            + "and no HDF5 signature stands at 0, 512, 1024 …");
    }

    /// <summary>Reads the superblock and sets the source's sizes.</summary>
    internal static Superblock Read(FormatSource source)
    {
        byte[] block = source.ReadUpTo(0, 256, "superblock");
        FormatReader reader = source.Reader(block, "superblock", 0);
        reader.Signature(Signature);
        int version = reader.Version(0, 3);
        if (version < 2) { reader.Skip(4); }
        source.OffsetSize = CheckSize(reader.Byte(), "addresses");
        source.LengthSize = CheckSize(reader.Byte(), "lengths");
        reader = source.Reader(block, "superblock", 0);
        if (version >= 2) { return ReadNew(source, reader, block); }

        // The K values that follow size the B-trees' nodes, which say themselves how many entries they hold.
        reader.Skip(version == 0 ? 24 : 28);
        long start = reader.Offset(); // the base as the writer saw it; where the signature stands now is what counts
        reader.Skip(source.OffsetSize); // free space
        source.ClosedLength = reader.Offset() - start;
        reader.Skip(2 * source.OffsetSize); // driver information; then the root's name
        return new Superblock(Root: reader.Offset(), Extension: FormatSource.Undefined);
    }

    private static Superblock ReadNew(FormatSource source, FormatReader reader, byte[] block)
    {
        reader.Skip(12);
        long start = reader.Offset();
        long extension = reader.Offset();
        source.ClosedLength = reader.Offset() - start;
        long root = reader.Offset();
        Checksum.Verify(block.AsSpan(0, Math.Min(block.Length, reader.Position + Checksum.Size)), "superblock", 0);
        return new Superblock(root, extension);
    }

    private static int CheckSize(int size, string what) => size is 2 or 4 or 8
        ? size
        : throw new DamagedContainerException(
            $"The superblock says that {what} take {size} bytes; 2, 4 or 8 are possible.");

    /// <summary>The first bytes, and what files that begin so are: what people give by mistake.</summary>
    private static string Describe(ReadOnlySpan<byte> bytes)
    {
        string? what = bytes switch
        {
            [] => null,
            [0x1F, 0x8B, ..] => "gzip: unpack it first, with gunzip",
            [(byte)'P', (byte)'K', ..] => "zip: unpack it first, with unzip",
            [(byte)'B', (byte)'Z', (byte)'h', ..] => "bzip2: unpack it first, with bunzip2",
            [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', ..] => "xz: unpack it first, with unxz",
            [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstandard: unpack it first, with unzstd",
            _ when bytes.StartsWith("version "u8) => "a pointer of Git LFS: fetch the file itself, with git lfs pull",
            [(byte)'<', ..] => "a text such as HTML or XML: a download may have failed",
            _ => null,
        };
        return bytes.IsEmpty ? "nothing" : $"{Convert.ToHexString(bytes)}{(what is null ? "" : $" ({what})")}";
    }
}
