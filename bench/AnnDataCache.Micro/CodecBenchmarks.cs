using System.IO.Compression;
using System.Runtime.InteropServices;
using AnnDataCache.Codecs;
using BenchmarkDotNet.Attributes;

namespace AnnDataCache.Micro;

/// <summary>Decoders, a chunk at a time, into a buffer that is warm; beside the platform's own.</summary>
public class CodecBenchmarks
{
    private byte[] _plain = [], _zlib = [], _target = [];

    [Params("indices", "values")]
    public string Chunk { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        _plain = Chunk == "indices" ? MemoryMarshal.AsBytes<int>(Counts.Indices()).ToArray() : MemoryMarshal.AsBytes<float>(Counts.Data()).ToArray();
        _target = new byte[_plain.Length];
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, new ZLibCompressionOptions { CompressionLevel = 4 })) { zlib.Write(_plain); }
        _zlib = compressed.ToArray();
    }

    [Benchmark(Baseline = true)]
    public int ZLibStreamOfThePlatform()
    {
        using ZLibStream zlib = new(new MemoryStream(_zlib), CompressionMode.Decompress);
        return zlib.ReadAtLeast(_target, _target.Length);
    }

    [Benchmark]
    public int InflateZlib() => Inflate.Zlib(_zlib, _target);

    [Benchmark]
    public void UnshuffleFourBytes() => Shuffle.Undo(_plain, _target, 4);

    [Benchmark]
    public void CopyOfTheSameBytes() => _plain.CopyTo(_target, 0);
}
