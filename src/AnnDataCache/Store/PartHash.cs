using System.Buffers.Binary;
using System.IO.Hashing;
using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>The hash of a part's bytes (XXH128), recorded beside them where nothing else can witness them: an extended attribute of the file.</summary>
/// <remarks>
/// That is where a part crosses to another tier, and is read anyway, and where an object is put, which nobody can decode again. A hit,
/// which reads nothing, does not look at it; a promotion and <c>verify</c> do. A file system without extended attributes (tmpfs
/// before Linux 6.6) records nothing, and then nothing is compared. The attribute is 16 bytes, the canonical form of XXH128.
/// </remarks>
internal static class PartHash
{
    private const string Attribute = "user.anndata_cache.xxh128";
    private const int Bytes = 16, Piece = 4 << 20;

    internal static UInt128 Of(MappedFile bytes, CancellationToken cancellation)
    {
        XxHash128 hash = new();
        for (long offset = 0; offset < bytes.Length; offset += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.Append(bytes.Span(offset, (int)Math.Min(Piece, bytes.Length - offset)));
        }

        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>Hashes a file that is about to be sealed. By reading: a mapping would be a pin.</summary>
    internal static UInt128 Of(FileDescriptor file, long length)
    {
        XxHash128 hash = new();
        byte[] piece = new byte[(int)Math.Min(Piece, length)];
        for (long offset = 0; offset < length; offset += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, length - offset));
            if (file.Read(offset, part) != part.Length) { throw new PosixException("Cannot read a part back", PosixException.InputOutput); }
            hash.Append(part);
        }

        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>Records the hash of a file that its owner may still write; null forgets that of the part whose pages it had before.</summary>
    internal static unsafe void Record(FileDescriptor file, UInt128? hash)
    {
        if (hash is not { } recorded)
        {
            _ = Posix.FRemoveXAttr(file.Value, Attribute);
            return;
        }

        byte* value = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt128BigEndian(new Span<byte>(value, Bytes), recorded);
        _ = Posix.FSetXAttr(file.Value, Attribute, value, Bytes, 0);
    }

    /// <summary>The hash that was recorded, or null when there is none.</summary>
    internal static unsafe UInt128? Recorded(FileDescriptor file)
    {
        byte* value = stackalloc byte[Bytes];
        return Posix.FGetXAttr(file.Value, Attribute, value, Bytes) == Bytes
            ? BinaryPrimitives.ReadUInt128BigEndian(new ReadOnlySpan<byte>(value, Bytes))
            : null;
    }
}
