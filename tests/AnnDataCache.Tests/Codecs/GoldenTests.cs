using System.Buffers.Binary;
using System.Globalization;
using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>Every decoder against what the reference encoder wrote.</summary>
public sealed class GoldenTests
{
    [Fact]
    public void ZlibStreamsOfEveryLevelAndStrategyDecode() => Golden.Check("zlib", _ => Inflate.Zlib);

    [Fact]
    public void RawDeflateOfEveryStrategyDecodes() => Golden.Check("raw", _ => Inflate.Raw);

    [Fact]
    public void GzipHeadersOfEveryKindAreSkipped() => Golden.Check("gzip", _ => Inflate.Gzip);

    [Fact]
    public void LzfChunksOfH5pyDecode() => Golden.Check("lzf", _ => Lzf.Decode);

    [Fact]
    public void ZstandardFramesDecode() => Golden.Check("zstd", _ => Zstd.Decode);

    [Fact]
    public void Lz4BlocksDecode() => Golden.Check("lz4", _ => Lz4.Decode);

    [Fact]
    public void Lz4ChunksOfHdf5Decode() => Golden.Check("hdf5lz4", _ => Hdf5Lz4.Decode);

    [Fact]
    public void BloscChunksOfEveryCodecShuffleAndSplitDecode() => Golden.Check("blosc", _ => Blosc.Decode);

    [Fact]
    public void Blosc2ChunksAndFramesDecode() => Golden.Check("blosc2", _ => Blosc2.Decode);

    [Fact]
    public void BitShuffledChunksOfHdf5Decode()
    {
        foreach (Golden golden in Golden.Of("bitshuffle"))
        {
            Golden.CheckOne(golden, golden.Length, Filters.Choose(golden));
        }
    }

    [Fact]
    public void ShuffledChunksOfHdf5AreUndone()
    {
        foreach (Golden golden in Golden.Of("shuffle"))
        {
            int size = int.Parse(golden.Parameters, CultureInfo.InvariantCulture);
            Golden.CheckOne(golden, golden.Length, (source, destination) =>
            {
                Shuffle.Undo(source, destination, size);
                return source.Length;
            });
        }
    }

    [Fact]
    public void ChecksumsThatHdf5StoredAreComputed()
    {
        foreach (Golden golden in Golden.Of("fletcher32"))
        {
            uint stored = BinaryPrimitives.ReadUInt32LittleEndian(golden.Encoded.AsSpan(golden.Length));
            ReadOnlySpan<byte> data = golden.Encoded.AsSpan(0, golden.Length);
            Assert.True(stored == Fletcher32.Compute(data), golden.ToString());
            Assert.True(Fletcher32.Matches(data, stored), golden.ToString());
            uint swapped = BinaryPrimitives.ReverseEndianness(stored);
            Assert.True(Fletcher32.Matches(data, swapped << 16 | swapped >> 16), golden.ToString());
            Assert.False(Fletcher32.Matches(data, stored ^ 0x10), golden.ToString());
        }
    }
}
