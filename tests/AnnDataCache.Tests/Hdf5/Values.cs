using System.Security.Cryptography;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>Reads arrays through the seam in its different ways and hashes what comes out.</summary>
internal static class Values
{
    /// <summary>Follows a path of names; behind an array stands the name of a member, which may hold slashes.</summary>
    public static ContainerNode Open(ContainerFile file, string path)
    {
        ContainerNode node = file.Root;
        string[] names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < names.Length; i++)
        {
            if (node is ContainerArray array) { return array.OpenField(string.Join('/', names[i..])); }
            node = ((ContainerGroup)node).Open(names[i]);
        }

        return node;
    }

    /// <summary>SHA-256 of numbers in C order, or of strings that each end with a NUL.</summary>
    public static string Hash(ContainerArray array, int workers = 2) =>
        array.Type.IsString ? HashStrings(array) : Hex(SHA256.HashData(Read(array, workers)));

    public static byte[] Read(ContainerArray array, int workers = 2)
    {
        byte[] bytes = new byte[array.Count * array.Type.Size];
        array.Read(new ArrayTarget(bytes), new ReadContext(workers, CancellationToken.None));
        return bytes;
    }

    /// <summary>Reads into memory that may be stored into directly.</summary>
    public static unsafe byte[] ReadDirectly(ContainerArray array, int workers = 2)
    {
        using NativeBuffer buffer = new(array.Count * array.Type.Size);
        array.Read(new MemoryTarget(buffer.Address, buffer.Length), new ReadContext(workers, CancellationToken.None));
        return buffer.Span(0, (int)buffer.Length).ToArray();
    }

    public static byte[] ReadByRows(ContainerArray array, long step)
    {
        long rows = array.IsNull ? 0 : array.Shape.Count == 0 ? 1 : array.Shape[0];
        long rowBytes = rows == 0 ? 0 : array.Count * array.Type.Size / rows;
        byte[] bytes = new byte[rows * rowBytes];
        for (long first = 0; first < rows; first += step)
        {
            long count = Math.Min(step, rows - first);
            array.ReadRows(first, count, bytes.AsSpan((int)(first * rowBytes), (int)(count * rowBytes)));
        }

        return bytes;
    }

    public static string HashStrings(ContainerArray array)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using StringCursor cursor = array.OpenStrings(0, array.Count);
        using StringBlock block = new();
        long count = 0;
        while (cursor.Read(block))
        {
            for (int i = 0; i < block.Count; i++)
            {
                hash.AppendData(block[i]);
                hash.AppendData([0]);
            }

            count += block.Count;
        }

        Assert.Equal(array.Count, count);
        return Hex(hash.GetHashAndReset());
    }

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>A target that has no address, as a part written by system calls has none; checks what the seam promises.</summary>
    private sealed class ArrayTarget(byte[] bytes) : ByteTarget
    {
        private readonly Lock _lock = new();
        private readonly byte[] _written = new byte[bytes.Length];

        internal override void Write(long offset, ReadOnlySpan<byte> written)
        {
            lock (_lock)
            {
                Span<byte> marks = _written.AsSpan((int)offset, written.Length);
                Assert.False(marks.Contains((byte)1), $"Bytes at {offset} are written twice.");
                marks.Fill(1);
            }

            written.CopyTo(bytes.AsSpan((int)offset));
        }
    }
}
