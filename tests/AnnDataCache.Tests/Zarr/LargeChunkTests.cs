using System.IO.Compression;
using System.Security.Cryptography;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Zarr;
using Values = AnnDataCache.Tests.Hdf5.Values;

namespace AnnDataCache.Tests.Zarr;

/// <summary>
/// Some writers make one chunk of a whole array. It must come in pieces, so that it never stands in memory as a whole, with the
/// values that a small one has; where its codec knows blocks, from two threads.
/// </summary>
public sealed class LargeChunkTests : IDisposable
{
    private const long LargestPiece = 2 << 20; // blosc's blocks may be this long

    /// <summary>Flag of a blosc chunk whose values are stored as they are.</summary>
    private const byte Copied = 2;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("zarr-large-");

    [Fact]
    public void AnArrayOfOneChunkComesInPieces()
    {
        Cli.Python.Require();
        Cli.CallResult written = Cli.Python.Run($$"""
            import hashlib, numcodecs, numpy as np, zarr
            root = zarr.open_group("{{_folder.FullName}}/store.zarr", "w")
            random = np.random.default_rng(1)
            values = {
                "narrow": random.integers(0, 60000, 3_000_000).astype("<i4"), "random": random.random(1_500_000), "sorted": np.sort(random.integers(0, 9, 3_000_000)).astype("<i4"),
                "big": random.integers(0, 60000, 3_000_000).astype(">i4"), "odd": random.integers(0, 99, 9_000_001).astype("u1"),
            }
            codecs = {
                "zstd": numcodecs.Blosc("zstd", 5, 1), "lz4-bits": numcodecs.Blosc("lz4", 5, 2), "zlib": numcodecs.Blosc("zlib", 1, 1), "blosclz": numcodecs.Blosc("blosclz", 9, 0),
                "small-blocks": numcodecs.Blosc("lz4", 1, 1, 4096),
            }
            for kind, numbers in values.items():
                for name, codec in codecs.items():
                    array = root.create_dataset(f"{kind}/{name}", data=numbers, chunks=(len(numbers),), compressor=codec)
                    array.attrs["sha256"] = hashlib.sha256(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).hexdigest()
                array = root.create_dataset(f"edge/{kind}", data=numbers, chunks=(len(numbers) + 12345,), compressor=codecs["zstd"])
                array.attrs["sha256"] = hashlib.sha256(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).hexdigest()
            streams = {"zstd": numcodecs.Zstd(1), "gzip": numcodecs.GZip(1), "zlib": numcodecs.Zlib(1), "none": None}
            for kind in ("random", "big", "odd"):
                for name, codec in streams.items():
                    for more in (0, 12345):
                        numbers = values[kind]
                        array = root.create_dataset(f"stream-{kind}/{name}-{more}", data=numbers, chunks=(len(numbers) + more,), compressor=codec)
                        array.attrs["sha256"] = hashlib.sha256(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).hexdigest()
            """);
        Assert.True(written.ExitCode == 0, written.Error);
        using ZarrFile file = ZarrFile.OpenFolder(Path.Join(_folder.FullName, "store.zarr"));
        List<string> different = [];
        foreach (ContainerArray array in file.Root.MemberNames.SelectMany(kind => ((ContainerGroup)file.Root.Open(kind)) is var group ? group.MemberNames.Select(name => (ContainerArray)group.Open(name)) : []))
        {
            foreach (int workers in (int[])[1, 2])
            {
                bool isStream = array.Path.StartsWith("stream", StringComparison.Ordinal); // one thread reads and decodes, one writes
                int writers = isStream ? 1 : workers;
                using Pieces target = new(array.Count * array.Type.Size, writers);
                long told = 0;
                array.Read(target, new ReadContext(workers, CancellationToken.None, bytes => Interlocked.Add(ref told, bytes)));
                if (told != target.Bytes.Length) { different.Add($"{array.Path}: {told:N0} of {target.Bytes.Length:N0} bytes told"); }
                string hash = Values.Hex(SHA256.HashData(target.Bytes));
                if (hash != array.FindAttribute("sha256")!.AsString()) { different.Add($"{array.Path}, {workers} workers: other values"); }
                if (target.Largest > LargestPiece) { different.Add($"{array.Path}: a piece of {target.Largest:N0} bytes"); }
                bool isOwn = target.WroteFrom(Environment.CurrentManagedThreadId);
                if (isOwn != (workers == 1)) { different.Add($"{array.Path}, {workers} workers: written by the caller: {isOwn}"); }
                if (target.Threads != writers) { different.Add($"{array.Path}: written by {target.Threads} threads"); }
            }
        }

        Assert.True(different.Count == 0, string.Join('\n', different));
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip")]
    [InlineData("zlib")]
    [InlineData("none")]
    public void ALargeChunkThatIsNotWholeOrTooLongIsRefused(string codec)
    {
        Cli.Python.Require();
        const int count = 3_000_000;
        string array = Path.Join(_folder.FullName, "a");
        Cli.CallResult written = Cli.Python.Run($$"""
            import numcodecs, numpy as np, zarr
            codec = {"zstd": numcodecs.Zstd(1), "gzip": numcodecs.GZip(1), "zlib": numcodecs.Zlib(1), "none": None}["{{codec}}"]
            root = zarr.open_group("{{_folder.FullName}}", "w")
            root.create_dataset("a", data=np.random.default_rng(1).integers(0, 60000, {{count}}).astype("<i4"), chunks=({{count}},), compressor=codec)
            """);
        Assert.True(written.ExitCode == 0, written.Error);
        byte[] whole = File.ReadAllBytes(Path.Join(array, "0"));
        Refused(whole[..(whole.Length / 2)]);
        Refused(whole[..^1]);
        Refused([]);
        if (codec == "none") { Refused([.. whole, 0]); }
        else
        {
            byte[] damaged = [.. whole];
            damaged[whole.Length / 3] ^= 0x55;
            if (codec != "zstd") { Refused(damaged); } // numcodecs' frames have no checksum
            string metadata = File.ReadAllText(Path.Join(array, ".zarray"));
            File.WriteAllText(Path.Join(array, ".zarray"), metadata.Replace($"{count}", $"{count - 5}", StringComparison.Ordinal));
            Refused(whole); // it decodes to more
            File.WriteAllText(Path.Join(array, ".zarray"), metadata.Replace($"{count}", $"{count + 5}", StringComparison.Ordinal));
            Refused(whole);
        }

        void Refused(byte[] bytes)
        {
            File.WriteAllBytes(Path.Join(array, "0"), bytes);
            using ZarrFile file = ZarrFile.OpenFolder(_folder.FullName);
            foreach (int workers in (int[])[1, 2]) { Assert.ThrowsAny<ContainerException>(() => Values.Read((ContainerArray)file.Root.Open("a"), workers)); }
        }
    }

    [Fact]
    public void BlocksMayStandInAnyOrder()
    {
        // What blosc writes with several threads: each block where the file ended when its turn came. Here: the last one first.
        const int block = 4096, count = 2000;
        byte[] values = new byte[block * count];
        new Random(1).NextBytes(values);
        using MemoryStream chunk = new();
        using (BinaryWriter writer = new(chunk, System.Text.Encoding.ASCII, leaveOpen: true))
        {
            writer.Write([2, 1, 16 | (1 << 5), 4]);
            int start = 16 + (4 * count), step = 4 + block;
            foreach (int number in (int[])[values.Length, block, start + (step * count)]) { writer.Write(number); }
            for (int i = 0; i < count; i++) { writer.Write(start + ((count - 1 - i) * step)); }
            for (int i = count - 1; i >= 0; i--)
            {
                writer.Write(block);
                writer.Write(values, i * block, block);
            }
        }

        string array = WriteArray(values.Length, """{"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 0, "blocksize": 0}""");
        File.WriteAllBytes(Path.Join(array, "0"), chunk.ToArray());
        using ZarrFile file = ZarrFile.OpenFolder(_folder.FullName);
        foreach (int workers in (int[])[1, 2]) { Assert.Equal(values, Values.Read((ContainerArray)file.Root.Open("a"), workers)); }
    }

    [Theory]
    [InlineData("null", 1)]
    [InlineData("null", 2)]
    [InlineData("""{"id": "gzip", "level": 1}""", 2)]
    [InlineData("""{"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 0, "blocksize": 0}""", 1)]
    [InlineData("""{"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 0, "blocksize": 0}""", 2)]
    public void CancellationStopsInsideAChunk(string codec, int workers)
    {
        const int length = 32 << 20;
        byte[] values = new byte[length];
        new Random(1).NextBytes(values.AsSpan(0, length / 2));
        string array = WriteArray(values.Length, codec);
        using (Stream file = File.Create(Path.Join(array, "0")))
        {
            if (codec.Contains("blosc", StringComparison.Ordinal)) { file.Write([2, 1, Copied, 1, .. Word(length), .. Word(length), .. Word(length + 16)]); }
            using Stream stored = codec.Contains("gzip", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
            stored.Write(values);
        }

        using ZarrFile store = ZarrFile.OpenFolder(_folder.FullName);
        using CancellationTokenSource source = new();
        long told = 0;
        ReadContext context = new(workers, source.Token, bytes =>
        {
            Interlocked.Add(ref told, bytes);
            source.Cancel();
        });
        using Pieces target = new(length, threads: 1);
        Assert.ThrowsAny<OperationCanceledException>(() => ((ContainerArray)store.Root.Open("a")).Read(target, context));
        Assert.InRange(told, 1, 4 << 20);
    }

    private static byte[] Word(int number) => BitConverter.GetBytes(number);

    /// <summary>Makes a store of one array of one chunk, which is still to be written, and returns the array's folder.</summary>
    private string WriteArray(int bytes, string codec)
    {
        string array = Path.Join(_folder.FullName, "a");
        Directory.CreateDirectory(array);
        File.WriteAllText(Path.Join(_folder.FullName, ".zgroup"), """{"zarr_format": 2}""");
        File.WriteAllText(Path.Join(array, ".zarray"), $$"""
            {"zarr_format": 2, "shape": [{{bytes / 4}}], "chunks": [{{bytes / 4}}], "dtype": "<u4", "fill_value": 0, "order": "C", "filters": null,
             "compressor": {{codec}}}
            """);
        return array;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Takes pieces from so many threads, each of which waits at its first one for the others; remembers the largest piece.</summary>
    private sealed class Pieces(long length, int threads) : ByteTarget, IDisposable
    {
        private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

        private readonly HashSet<int> _threads = [];
        private readonly Lock _lock = new();
        private readonly CountdownEvent _missing = new(threads);

        internal byte[] Bytes { get; } = new byte[length];

        internal long Largest { get; private set; }

        internal int Threads => _threads.Count;

        internal bool WroteFrom(int thread) => _threads.Contains(thread);

        internal override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(Bytes.AsSpan((int)offset, bytes.Length));
            lock (_lock)
            {
                Largest = Math.Max(Largest, bytes.Length);
                if (_threads.Add(Environment.CurrentManagedThreadId) && !_missing.IsSet) { _missing.Signal(); }
            }

            _missing.Wait(s_patience);
        }

        public void Dispose() => _missing.Dispose();
    }
}
