using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using AnnDataCache.Interop;

namespace AnnDataCache.Bench.Soak;

/// <summary>A source of the soak: its path, and the contents that it is rewritten with.</summary>
/// <param name="Path">What the workers open.</param>
/// <param name="Variants">Ready-made files, with the hash of each element.</param>
internal sealed record SoakFile(string Path, IReadOnlyList<SoakVariant> Variants);

/// <param name="Path">The file.</param>
/// <param name="Hashes">SHA-256 of each element's values, by the element's path, computed when the values were made.</param>
internal sealed record SoakVariant(string Path, IReadOnlyDictionary<string, string> Hashes);

/// <summary>Makes the sources, rewrites them, and hashes what is read of them.</summary>
/// <remarks>
/// The expected hashes are numpy's, of the arrays before they were written. Which variant a source holds stands in the
/// seconds of its modification time, so one stat before and one after a read tell what the read may give.
/// </remarks>
internal static class SoakFiles
{
    private const long Epoch = 1_700_000_000;

    private const string Generator = """
        import hashlib, json, os, sys
        import h5py, numpy as np

        folder, files, variants, cells = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        text = h5py.string_dtype()

        def mark(node, kind, version="0.1.0", **more):
            node.attrs["encoding-type"], node.attrs["encoding-version"] = kind, version
            for key, value in more.items(): node.attrs[key.replace("_", "-") if key != "_index" else key] = value
            return node

        def frame(parent, name, index, columns):
            group = mark(parent.create_group(name), "dataframe", "0.2.0", _index="_index")
            group.attrs["column-order"] = np.array(list(columns), dtype=text)
            mark(group.create_dataset("_index", data=np.array(index, dtype=object), dtype=text), "string-array", "0.2.0")
            return group

        def make(path, n, seed):
            random = np.random.default_rng(seed)
            stored = dict(chunks=True, compression="gzip", compression_opts=1) if seed % 2 else dict(chunks=True, compression="lzf")
            indices = np.cumsum(random.integers(1, 20, (n, 100)), axis=1).astype("<i4").ravel()
            indptr = (np.arange(n + 1) * 100).astype("<i4")
            data = random.integers(1, 50, n * 100).astype("<f4")
            pca = random.standard_normal((n, 50)).astype("<f4")
            names = [f"cell-{seed}-{i}" for i in range(n)]
            counts = random.integers(0, 1 << 40, n).astype("<i8")
            kinds = [f"kind {k} of {seed}" for k in range(7)]
            codes = random.integers(0, 7, n).astype("i1")
            genes = [f"gene-{seed}-{i}" for i in range(2000)]
            with h5py.File(path, "w") as file:
                mark(file, "anndata")
                x = mark(file.create_group("X"), "csr_matrix", shape=np.array([n, 2000]))
                for name, values in (("data", data), ("indices", indices), ("indptr", indptr)): x.create_dataset(name, data=values, **stored)
                mark(mark(file.create_group("obsm"), "dict").create_dataset("X_pca", data=pca, **stored), "array", "0.2.0")
                obs = frame(file, "obs", names, ["n_counts", "cell_type"])
                mark(obs.create_dataset("n_counts", data=counts, **stored), "array", "0.2.0")
                types = mark(obs.create_group("cell_type"), "categorical", "0.2.0", ordered=False)
                mark(types.create_dataset("codes", data=codes), "array", "0.2.0")
                mark(types.create_dataset("categories", data=np.array(kinds, dtype=object), dtype=text), "string-array", "0.2.0")
                frame(file, "var", genes, [])
            lines = lambda values: "".join(value + "\n" for value in values).encode()
            sha = lambda *pieces: hashlib.sha256(b"".join(pieces)).hexdigest()
            return {
                "X": sha(indptr.tobytes(), indices.tobytes(), data.tobytes()), "obsm/X_pca": sha(pca.tobytes()),
                "obs": sha(lines(names), counts.tobytes(), lines(kinds[code] for code in codes)), "var": sha(lines(genes)),
            }

        manifest = []
        for f in range(files):
            made = []
            for v in range(variants):
                path = os.path.join(folder, f"{f:02}-{v}.h5ad")
                made.append({"Path": path, "Hashes": make(path, max(50, int(cells * 0.75 ** f)), 100 * f + v)})
            manifest.append({"Path": os.path.join(folder, f"source-{f:02}.h5ad"), "Variants": made})
        print(json.dumps(manifest))
        """;

    internal static IReadOnlyList<SoakFile> Make(string folder, int files, int variants, int cells)
    {
        MeasuredProcess python = MeasuredProcess.Run(
            "/usr/bin/python3", ["-c", Generator, folder, $"{files}", $"{variants}", $"{cells}"], new Dictionary<string, string>());
        IReadOnlyList<SoakFile> made = JsonSerializer.Deserialize(python.Output, SoakJson.Default.IReadOnlyListSoakFile)!;
        foreach (SoakFile file in made) { Install(file, 0); }
        return made;
    }

    /// <summary>Rewrites a source as careful programs do: a new file that takes the name by one rename.</summary>
    internal static void Install(SoakFile file, int variant)
    {
        string fresh = $"{file.Path}.{Environment.ProcessId}.new";
        File.Copy(file.Variants[variant].Path, fresh, overwrite: true);
        File.SetLastWriteTimeUtc(fresh, DateTimeOffset.FromUnixTimeSeconds(Epoch + variant).UtcDateTime);
        File.Move(fresh, file.Path, overwrite: true);
    }

    /// <summary>The variant that a source holds, or -1 while it is missing.</summary>
    internal static int VariantOf(in FileStat stat) => (int)((stat.ModifiedNs / 1_000_000_000) - Epoch);

    internal static string Hash(PinnedElement element)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        switch (element.Info.Path)
        {
            case "X":
                SparseMatrix<float> x = element.Sparse<float>();
                foreach (PinnedBuffer buffer in (PinnedBuffer[])[x.Offsets, x.Indices, x.Data]) { Append(hash, buffer); }
                break;
            case "obsm/X_pca":
                Append(hash, element.Columns[0].Values);
                break;
            case "obs":
                AppendLines(hash, element.Columns[0]);
                Append(hash, element.Column("n_counts").Values);
                AppendLines(hash, element.Column("cell_type"));
                break;
            default:
                AppendLines(hash, element.Columns[0]);
                break;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static unsafe void Append(IncrementalHash hash, PinnedBuffer buffer)
    {
        const int Piece = 1 << 20;
        for (long start = 0; start < buffer.ByteLength; start += Piece)
        {
            hash.AppendData(new ReadOnlySpan<byte>(buffer.Address + start, (int)Math.Min(Piece, buffer.ByteLength - start)));
        }
    }

    private static void AppendLines(IncrementalHash hash, PinnedColumn column)
    {
        for (long row = 0; row < column.Rows; row++)
        {
            hash.AppendData(column.Kind == ElementKind.Categorical ? column.Categories!.GetUtf8(column.GetCode(row)) : column.GetUtf8(row));
            hash.AppendData("\n"u8);
        }
    }
}
