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
        if (version >= 2) { return ReadNew(reader, block); }

        // The K values that follow size the B-trees' nodes, which say themselves how many entries they hold.
        reader.Skip(version == 0 ? 24 : 28);
        reader.Skip(5 * source.OffsetSize); // base, free space, end of file, driver information; then the root's name
        return new Superblock(Root: reader.Offset(), Extension: FormatSource.Undefined);
    }

    private static Superblock ReadNew(FormatReader reader, byte[] block)
    {
        reader.Skip(12);
        reader.Offset(); // the base as the writer saw it; where the signature stands now is what counts
        long extension = reader.Offset();
        reader.Offset();
        long root = reader.Offset();
        Checksum.Verify(block.AsSpan(0, Math.Min(block.Length, reader.Position + Checksum.Size)), "superblock", 0);
        return new Superblock(root, extension);
    }

    private static int CheckSize(int size, string what) => size is 2 or 4 or 8
        ? size
        : throw new DamagedContainerException(
            $"The superblock says that {what} take {size} bytes; 2, 4 or 8 are possible.");

    private static string Describe(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [] => "nothing",
        [0x1F, 0x8B, ..] => $"{Convert.ToHexString(bytes)} (gzip: unpack it first)",
        [(byte)'P', (byte)'K', ..] => $"{Convert.ToHexString(bytes)} (zip: unpack it first)",
        _ => Convert.ToHexString(bytes),
    };
}
