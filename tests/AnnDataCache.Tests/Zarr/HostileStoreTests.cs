using System.Buffers.Binary;
using System.IO.Compression;
using AnnDataCache.Containers;
using AnnDataCache.Zarr;
using Values = AnnDataCache.Tests.Hdf5.Values;

namespace AnnDataCache.Tests.Zarr;

/// <summary>What a store must not make its reader do: leave it, take memory out of proportion, believe damage.</summary>
public sealed class HostileStoreTests : IDisposable
{
    private readonly SmallStores _stores = new();

    [Fact]
    public void ALinkOutOfTheStoreIsNotFollowedButOneInsideIs()
    {
        string folder = _stores.Unpack("v2"), outside = Path.Join(_stores.Folder, "outside");
        File.WriteAllBytes(outside, new byte[60]);
        string chunk = Path.Join(folder, "types", "i4", "0.0");
        File.Move(chunk, Path.Join(folder, "moved"));
        File.CreateSymbolicLink(chunk, "../../moved");
        File.Delete(Path.Join(folder, "types", "i1", "0.0"));
        File.CreateSymbolicLink(Path.Join(folder, "types", "i1", "0.0"), outside);
        File.WriteAllText(Path.Join(_stores.Folder, ".zgroup"), """{"zarr_format": 2}""");
        Directory.CreateSymbolicLink(Path.Join(folder, "away"), _stores.Folder);
        using ZarrFile file = ZarrFile.OpenFolder(folder);
        Assert.Equal(SmallStores.Contents("v2").GetProperty("types/i4").GetProperty("sha256").GetString(), Values.Hash(Array(file, "types/i4")));
        Assert.Contains("outside the store", Refusal(() => Values.Read(Array(file, "types/i1"))), StringComparison.Ordinal);
        Assert.Contains("outside the store", Refusal(() => file.Root.Open("away")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("types/../../x")]
    [InlineData("")]
    public void ANameThatLeadsAwayIsNoMember(string name)
    {
        using ZarrFile file = _stores.OpenFolder("v2");
        Assert.False(file.Root.Contains(name));
        Assert.ThrowsAny<ContainerException>(() => file.Root.Open(name));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a\\b")]
    public void AZipWithANameThatIsNoPathInsideIsRefused(string name)
    {
        string zip = Path.Join(_stores.Folder, "names.zip");
        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Create))
        {
            archive.CreateEntry(".zgroup");
            archive.CreateEntry(name);
        }

        Assert.Contains("no path", Refusal(() => ZarrFile.OpenZip(zip, "")), StringComparison.Ordinal);
    }

    [Fact]
    public void ABombInAZipIsRefusedBeforeItIsGivenRoom()
    {
        string zip = Path.Join(_stores.Folder, "bomb.zip");
        File.Copy(SmallStores.Zip("v2"), zip);
        byte[] bytes = File.ReadAllBytes(zip);
        int entry = bytes.AsSpan().LastIndexOf("types/i4/0.0"u8) - 46; // in the central directory
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(entry + 24), 0x7000_0000);
        File.WriteAllBytes(zip, bytes);
        using ZarrFile file = ZarrFile.OpenZip(zip, "");
        Assert.Contains("claims to become", Refusal(() => Values.Read(Array(file, "types/i4"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v3")]
    public void DamagedBytesInAZipDoNotHaveItsChecksum(string name)
    {
        string zip = Path.Join(_stores.Folder, "damaged.zip");
        byte[] bytes = File.ReadAllBytes(SmallStores.Zip(name));
        byte[] key = name == "v2" ? "types/f4/0.0"u8.ToArray() : "types/float32/c/0/0"u8.ToArray();
        bytes[bytes.AsSpan().IndexOf(key) + key.Length + 5] ^= 0x10;
        File.WriteAllBytes(zip, bytes);
        using ZarrFile file = ZarrFile.OpenZip(zip, "");
        Assert.ThrowsAny<ContainerException>(() => Values.Read(Array(file, name == "v2" ? "types/f4" : "types/float32")));
    }

    [Fact]
    public void AZip64IsRead()
    {
        string zip = Path.Join(_stores.Folder, "zip64.zip");
        CallPython($"""
            import zipfile
            zipfile.ZIP_FILECOUNT_LIMIT = 10
            source = zipfile.ZipFile({Quote(SmallStores.Zip("v3"))})
            with zipfile.ZipFile({Quote(zip)}, "w") as target:
                for name in source.namelist():
                    with target.open(name, "w", force_zip64=True) as entry:
                        entry.write(source.read(name))
            """);
        using ZarrFile file = ZarrFile.OpenZip(zip, "");
        Assert.Equal(SmallStores.Contents("v3").GetProperty("shards/end").GetProperty("sha256").GetString(), Values.Hash(Array(file, "shards/end")));
    }

    [Theory]
    [InlineData(0, "checksum")] // an offset
    [InlineData(-1, "checksum")] // the checksum itself
    public void ADamagedIndexOfAShardIsFoundByItsChecksum(int place, string word)
    {
        string shard = Path.Join(_stores.Unpack("v3"), "shards", "end", "c", "0");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[place < 0 ? bytes.Length + place : bytes.Length - (14 * 16) - 4] ^= 1;
        File.WriteAllBytes(shard, bytes);
        using ZarrFile file = ZarrFile.OpenFolder(_stores.Unpack("v3"));
        Assert.Contains(word, Refusal(() => Values.Read(Array(file, "shards/end"))), StringComparison.Ordinal);
    }

    [Fact]
    public void AChunkThatIsCutOffIsDamage()
    {
        string folder = _stores.Unpack("v3");
        foreach (string chunk in Directory.GetFiles(Path.Join(folder, "codecs"), "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) == "1"))
        {
            File.WriteAllBytes(chunk, File.ReadAllBytes(chunk)[..^3]);
        }

        using ZarrFile file = ZarrFile.OpenFolder(folder);
        foreach (string name in ((ContainerGroup)file.Root.Open("codecs")).MemberNames)
        {
            Assert.StartsWith($"'codecs/{name}'", Refusal(() => Values.Read(Array(file, $"codecs/{name}"))), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"zarr_format": 2, "shape": [1000000000000], "chunks": [10], "dtype": "<i4", "compressor": null, "filters": null, "fill_value": 0, "order": "C"}""", "chunks")]
    [InlineData("""{"zarr_format": 2, "shape": [9223372036854775807, 4], "chunks": [9223372036854775807, 4], "dtype": "<i8", "compressor": null, "filters": null, "fill_value": 0, "order": "C"}""", "'types/i4'")]
    [InlineData("""{"zarr_format": 2, "shape": [-1], "chunks": [1], "dtype": "<i4", "compressor": null, "filters": null, "fill_value": 0, "order": "C"}""", "Axis 0")]
    [InlineData("""{"zarr_format": 2, "shape": [4], "chunks": [4, 4], "dtype": "<i4", "compressor": null, "filters": null, "fill_value": 0, "order": "C"}""", "axes")]
    [InlineData("""{"zarr_format": 2, "shape": [4], "chunks": [0], "dtype": "<i4", "compressor": null, "filters": null, "fill_value": 0, "order": "C"}""", "Axis 0")]
    [InlineData("""{"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "<i4", "compressor": null, "filters": null, "fill_value": 3000000000, "order": "C"}""", "fill_value")]
    [InlineData("""[1, 2]""", "not an object")]
    [InlineData("""{"zarr_format": 2, """, ".zarray")]
    public void MetadataThatMakeNoSenseAreRefusedWithTheirReason(string metadata, string word)
    {
        string folder = _stores.Unpack("v2");
        File.WriteAllText(Path.Join(folder, "types", "i4", ".zarray"), metadata);
        using ZarrFile file = ZarrFile.OpenFolder(folder);
        Assert.Contains(word, Refusal(() => Array(file, "types/i4")), StringComparison.Ordinal);
    }

    [Fact]
    public void JsonThatIsNestedWithoutEndIsRefused()
    {
        string folder = _stores.Unpack("v2");
        File.WriteAllText(Path.Join(folder, "types", ".zattrs"), $"{{\"a\": {new string('[', 100_000)}{new string(']', 100_000)}}}");
        using ZarrFile file = ZarrFile.OpenFolder(folder);
        Assert.Contains("depth", Refusal(() => file.Root.Open("types")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void StringsThatWereNeverWrittenMayNotClaimMoreThanTheStoreCouldHold()
    {
        string folder = _stores.Unpack("v2");
        string key = Path.Join(folder, "strings", "utf8", ".zarray");
        File.WriteAllText(key, File.ReadAllText(key).Replace("40", "400000000000", StringComparison.Ordinal).Replace("9", "200000000000", StringComparison.Ordinal));
        using ZarrFile file = ZarrFile.OpenFolder(folder);
        ContainerArray array = Array(file, "strings/utf8");
        Assert.Contains("never written", Refusal(() => array.OpenStrings(0, array.Count)), StringComparison.Ordinal);
    }

    private static ContainerArray Array(ZarrFile file, string path) => (ContainerArray)Values.Open(file, path);

    private static string Refusal(Func<object?> read) => Assert.ThrowsAny<ContainerException>(() => { read(); }).Message;

    private static string Quote(string text) => $"'{text}'";

    private static void CallPython(string script)
    {
        Cli.Python.Require();
        Cli.CallResult result = Cli.Python.Run(script);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    public void Dispose() => _stores.Dispose();
}
