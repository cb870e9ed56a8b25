using System.IO.Compression;
using System.Text.Json;
using AnnDataCache.Containers;
using AnnDataCache.Zarr;
using Values = AnnDataCache.Tests.Hdf5.Values;

namespace AnnDataCache.Tests.Zarr;

/// <summary>Every array of the small stores, of both versions, as a folder and as a zip, read in every way the seam has.</summary>
public sealed class ReadingTests : IDisposable
{
    private readonly SmallStores _stores = new();

    [Theory]
    [InlineData("v2", false)]
    [InlineData("v2", true)]
    [InlineData("v3", false)]
    [InlineData("v3", true)]
    [InlineData("odd2", false)]
    [InlineData("odd2", true)]
    [InlineData("odd3", false)]
    [InlineData("odd3", true)]
    public void EveryArrayHoldsWhatWasWritten(string name, bool isZip)
    {
        using ZarrFile file = isZip ? SmallStores.OpenZip(name) : _stores.OpenFolder(name);
        List<string> different = [];
        int arrays = 0;
        foreach (JsonProperty expected in SmallStores.Contents(name).EnumerateObject())
        {
            arrays++;
            try { different.AddRange(Differences((ContainerArray)Values.Open(file, expected.Name), expected.Value)); }
            catch (ContainerException refused) { different.Add($"refused: {refused.Message}"); }
        }

        Assert.True(arrays > 20);
        Assert.True(different.Count == 0, string.Join('\n', different));
    }

    [Theory]
    [InlineData("v2", "refused/delta", "delta")]
    [InlineData("v2", "refused/bz2", "bz2")]
    [InlineData("v2", "refused/pickle", "pickle")]
    [InlineData("v2", "refused/time", "M8")]
    [InlineData("v3", "refused/codec", "zfp")]
    [InlineData("v3", "refused/grid", "rectilinear")]
    [InlineData("odd2", "refused/quantize", "quantize")]
    [InlineData("odd2", "refused/scaled", "fixedscaleoffset")]
    [InlineData("odd2", "refused/astype", "astype")]
    [InlineData("odd2", "refused/packed", "packbits")]
    [InlineData("odd2", "refused/msgpack", "msgpack2")]
    [InlineData("odd2", "refused/categories", "categorize")]
    [InlineData("odd2", "refused/ragged", "vlen-array")]
    [InlineData("odd2", "refused/lzma", "lzma")]
    [InlineData("odd3", "refused/unknown-extension", "somebody")]
    [InlineData("odd3", "refused/transformer", "chunk-manifest-json")]
    [InlineData("odd3", "refused/datetime", "numpy.datetime64")]
    [InlineData("odd3", "refused/bfloat16", "bfloat16")]
    [InlineData("odd3", "refused/int4", "int4")]
    [InlineData("odd3", "refused/raw", "r32")]
    [InlineData("odd3", "refused/keys", "fanout")]
    [InlineData("odd3", "refused/bz2", "numcodecs.bz2")]
    [InlineData("odd3", "refused/delta", "numcodecs.delta")]
    [InlineData("odd3", "refused/scaled", "numcodecs.fixedscaleoffset")]
    [InlineData("odd3", "refused/packed", "packbits")]
    [InlineData("odd3", "refused/pcodec", "numcodecs.pcodec")]
    public void WhatIsNotReadIsRefusedByItsName(string name, string path, string word)
    {
        using ZarrFile file = SmallStores.OpenZip(name);
        ContainerException refused = Assert.ThrowsAny<ContainerException>(() => Values.Hash((ContainerArray)Values.Open(file, path)));
        Assert.Contains(word, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith($"'{path}'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AStoreIsReadWhoseNodesOnlyTheConsolidatedMetadataName()
    {
        string folder = _stores.Unpack("v2");
        foreach (string name in (string[])[".zarray", ".zgroup", ".zattrs"])
        {
            foreach (string file in Directory.GetFiles(folder, name, SearchOption.AllDirectories)) { File.Delete(file); }
        }

        Directory.Delete(Path.Join(folder, "codecs", "gzip"), recursive: true);
        using ZarrFile store = ZarrFile.OpenFolder(folder);
        JsonElement contents = SmallStores.Contents("v2");
        Assert.Equal("version 2", store.Root.FindAttribute("name")!.AsString());
        Assert.Contains("strings", store.Root.MemberNames);
        Assert.Empty(Differences((ContainerArray)Values.Open(store, "codecs/zstd-1"), contents.GetProperty("codecs/zstd-1")));
        Assert.False(((ContainerGroup)store.Root.Open("codecs")).Contains("gzip")); // named, but nothing is stored: not an array of fill values
    }

    [Theory]
    [InlineData("forms/scalar")]
    [InlineData("forms/scalar-missing")]
    public void AScalarIsReadIntoMoreRoomThanItTakes(string path)
    {
        using ZarrFile file = SmallStores.OpenZip("v2");
        ZarrArray array = (ZarrArray)Values.Open(file, path);
        byte[] room = Enumerable.Repeat((byte)0xA5, 1 << 16).ToArray();
        using ValueReader reader = array.OpenValues();
        reader.Read(0, 1, room);
        Assert.All(room[array.Type.Size..], left => Assert.Equal(0xA5, left));
    }

    [Fact]
    public void AZipMayHoldTheStoresFolder()
    {
        string zip = Path.Join(_stores.Folder, "wrapped.zip");
        ZipFile.CreateFromDirectory(_stores.Unpack("v3"), zip, CompressionLevel.Fastest, includeBaseDirectory: true);
        using ZarrFile store = ZarrFile.OpenZip(zip, "");
        Assert.Empty(Differences((ContainerArray)Values.Open(store, "shards/holes"), SmallStores.Contents("v3").GetProperty("shards/holes")));
        using ZarrFile inside = ZarrFile.OpenZip(zip, "shards");
        Assert.Contains("holes", inside.Root.MemberNames);
    }

    [Theory]
    [InlineData("")]
    [InlineData("./")]
    [InlineData("v3.zarr/")]
    [InlineData("data/run 1/v3.zarr/")]
    public void AZipMayHoldWhatFileManagersAndOtherPackersPutThere(string around)
    {
        string folder = _stores.Unpack("v3"), zip = Path.Join(_stores.Folder, "packed.zip");
        using (FileStream file = File.Create(zip))
        using (ZipArchive archive = new(new Unseekable(file), ZipArchiveMode.Create)) // so that sizes and checksums stand behind the entries
        {
            foreach (string path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            {
                string key = around + Path.GetRelativePath(folder, path);
                archive.CreateEntryFromFile(path, key, key.Length % 2 == 0 ? CompressionLevel.NoCompression : CompressionLevel.Optimal);
            }

            foreach (string junk in (string[])["__MACOSX/v3.zarr/._zarr.json", $"{around}.DS_Store", $"{around}shards/._holes", $"{around}Thumbs.db"])
            {
                using Stream entry = archive.CreateEntry(junk).Open();
                entry.Write("junk"u8);
            }
        }

        using ZarrFile store = ZarrFile.OpenZip(zip, "");
        JsonElement contents = SmallStores.Contents("v3");
        foreach (string path in (string[])["shards/holes", "strings/utf8", "types/float32"])
        {
            Assert.Empty(Differences((ContainerArray)Values.Open(store, path), contents.GetProperty(path)));
        }

        Assert.DoesNotContain("__MACOSX", store.Root.MemberNames);
    }

    [Fact]
    public void MetadataMayHoldWhatPythonWritesForNumbersThatJsonLacks()
    {
        string folder = _stores.Unpack("v2");
        File.WriteAllText(Path.Join(folder, ".zattrs"), """{"a": NaN, "b": [Infinity, -Infinity], "name": "not \"NaN\" here", "n": 3}""");
        using ZarrFile store = ZarrFile.OpenFolder(folder);
        Assert.Equal("not \"NaN\" here", store.Root.FindAttribute("name")!.AsString());
        Assert.Equal(3, store.Root.FindAttribute("n")!.AsInteger());
        Assert.Equal("NaN", store.Root.FindAttribute("a")!.AsString());
    }

    private static IEnumerable<string> Differences(ContainerArray array, JsonElement expected)
    {
        long[] shape = [.. expected.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        if (!shape.SequenceEqual(array.Shape)) { yield return $"{array.Path} has shape ({string.Join(", ", array.Shape)})"; }
        if (expected.TryGetProperty("fields", out JsonElement fields))
        {
            foreach (JsonProperty field in fields.EnumerateObject())
            {
                foreach (string difference in Differences(array.OpenField(field.Name), field.Value)) { yield return difference; }
            }

            yield break;
        }

        string sha256 = expected.GetProperty("sha256").GetString()!;
        if (Values.Hash(array) != sha256) { yield return array.Path; }
        if (array.Type.IsString) { yield break; }
        if (Values.Hash(array, workers: 1) != sha256) { yield return $"{array.Path}, one worker"; }
        if (Hash(Values.ReadDirectly(array)) != sha256) { yield return $"{array.Path}, directly"; }
        foreach (long step in (long[])[1, 3, 1000])
        {
            if (Hash(Values.ReadByRows(array, step)) != sha256) { yield return $"{array.Path}, {step} rows at a time"; }
        }
    }

    private static string Hash(byte[] bytes) => Values.Hex(System.Security.Cryptography.SHA256.HashData(bytes));

    public void Dispose() => _stores.Dispose();

    /// <summary>A stream such as a pipe's.</summary>
    private sealed class Unseekable(Stream inner) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }
}
