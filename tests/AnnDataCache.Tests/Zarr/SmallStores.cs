using System.IO.Compression;
using System.Text.Json;
using AnnDataCache.Zarr;

namespace AnnDataCache.Tests.Zarr;

/// <summary>The stores of <c>tests/data/zarr</c>, as the zips they are kept in and unpacked; removed when disposed.</summary>
internal sealed class SmallStores : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("zarr-test-");

    /// <summary>A folder of this test's own.</summary>
    public string Folder => _folder.FullName;

    public static string Zip(string name) => TestFiles.Small($"zarr/{name}.zip");

    /// <summary>What every array holds, by path.</summary>
    public static JsonElement Contents(string name) => JsonDocument.Parse(File.ReadAllBytes(TestFiles.Small($"zarr/{name}.json"))).RootElement;

    /// <summary>Unpacks a store.</summary>
    public string Unpack(string name)
    {
        string folder = Path.Join(Folder, $"{name}.zarr");
        if (!Directory.Exists(folder)) { ZipFile.ExtractToDirectory(Zip(name), folder); }
        return folder;
    }

    public ZarrFile OpenFolder(string name) => ZarrFile.OpenFolder(Unpack(name));

    public static ZarrFile OpenZip(string name) => ZarrFile.OpenZip(Zip(name), "");

    public void Dispose() => _folder.Delete(recursive: true);
}
