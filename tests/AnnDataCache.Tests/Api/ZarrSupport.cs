using System.Text;
using AnnDataCache.Containers;
using AnnDataCache.Tests.Zarr;
using AnnDataCache.Zarr;
using Values = AnnDataCache.Tests.Hdf5.Values;

namespace AnnDataCache.Tests.Api;

/// <summary>The part of <c>docs/support.md</c> that is about Zarr: features, each with arrays of the small stores that show it.</summary>
internal static class ZarrSupport
{
    private static readonly (string Name, string[] Two, string[] Three)[] s_features =
    [
        ("integers, floats, complex, bool", ["types/i4", "types/f2", "types/c8", "types/bool"], ["types/int32", "types/float16", "types/complex64", "types/bool"]),
        ("big-endian", ["types/big-i4", "types/big-c8"], ["types/big-int32", "types/big-float64"]),
        ("numpy's type names in version 3", [], ["types/numpy-name"]),
        ("order F; `transpose`", ["forms/order-f", "forms/order-f-2d"], ["forms/transpose-120", "forms/transpose-twice"]),
        ("chunk keys with `.` and `/`", ["types/i4", "forms/nested"], ["forms/keys-dot", "types/int32", "forms/keys-v2", "forms/keys-v2-slash"]),
        ("no axes; axes of length 0", ["forms/scalar", "forms/empty-2d"], ["forms/scalar", "forms/empty-2d"]),
        ("missing chunks; fill values as numbers, names, bits, pairs, base64", ["holes/float", "holes/complex", "holes/fixed", "records/missing/n"],
            ["holes/nan", "holes/hex", "holes/complex", "strings/fixed", "records/pairs/u"]),
        ("blosc: blosclz, lz4, lz4hc, zlib, zstd, with byte and bit shuffle or none", ["codecs/blosclz-2", "codecs/lz4-1", "codecs/lz4hc-1", "codecs/zlib-2", "codecs/zstd-0"],
            ["codecs/blosclz-bitshuffle", "codecs/lz4-shuffle", "codecs/lz4hc-shuffle", "codecs/zlib-bitshuffle", "codecs/zstd-noshuffle"]),
        ("zstd, gzip", ["codecs/numcodecs-zstd", "codecs/gzip"], ["codecs/zstd", "codecs/gzip"]),
        ("zlib, lz4, shuffle (numcodecs)", ["codecs/numcodecs-zlib", "codecs/numcodecs-lz4", "codecs/shuffled"], ["codecs/zlib", "codecs/lz4", "codecs/shuffle-zstd"]),
        ("crc32c", [], ["codecs/crc32c", "codecs/zstd-crc32c"]),
        ("`sharding_indexed`, index at the end or start, chunks and shards missing", [], ["shards/end", "shards/start", "shards/holes", "shards/transposed", "shards/big-index"]),
        ("strings: vlen-utf8, vlen-bytes", ["strings/utf8", "strings/utf8-f", "strings/bytes"], ["strings/utf8", "strings/utf8-shards", "strings/bytes"]),
        ("strings: json2", ["strings/json"], []),
        ("strings of fixed width, as bytes and as UTF-32", ["strings/fixed", "strings/points", "strings/points-big"], ["strings/fixed", "strings/points", "strings/points-big"]),
        ("records, by field; both spellings of version 3", ["records/table/x", "records/table/v"], ["records/objects/x", "records/pairs/u"]),
        ("other codecs and filters", ["refused/delta"], ["refused/codec"]),
        ("objects that are pickled", ["refused/pickle"], []),
        ("times", ["refused/time"], []),
        ("grids that are not regular", [], ["refused/grid"]),
    ];

    internal static void Append(StringBuilder text, Action<string[], IEnumerable<string[]>> table)
    {
        text.AppendLine("## Zarr").AppendLine();
        text.AppendLine("Versions 2 and 3, as a folder, as a zip (stored and deflated entries, zip64, with or without a folder around the store), and a");
        text.AppendLine("group inside a store by its path: `spatial.zarr/tables/table`, `store.zip/tables/table`.").AppendLine();
        using ZarrFile two = SmallStores.OpenZip("v2"), three = SmallStores.OpenZip("v3");
        table(["feature", "version 2", "version 3"], s_features.Select(feature => new[] { feature.Name, Outcome(two, feature.Two), Outcome(three, feature.Three) }));
        text.AppendLine();
        text.AppendLine("A node's own metadata count; consolidated ones (`.zmetadata`, `consolidated_metadata`) where a node has none. Links are followed");
        text.AppendLine("inside the store only. Metadata: up to 32 MiB of a node, 512 MiB consolidated, 64 levels deep. Checksums (crc32c, zlib's, gzip's, a");
        text.AppendLine("zip's of entries read as a whole) are verified. Shards inside shards, and shards that are compressed or transposed as a whole, are");
        text.AppendLine("refused, as are arrays of more than 4,194,304 chunks with keys of their own. Remote stores are not read.").AppendLine();
    }

    private static string Outcome(ZarrFile file, string[] paths)
    {
        if (paths.Length == 0) { return "–"; }
        foreach (string path in paths)
        {
            try { Values.Hash((ContainerArray)Values.Open(file, path)); }
            catch (ContainerException refused) { return $"refused: {refused.Message}"; }
        }

        return "yes";
    }
}
