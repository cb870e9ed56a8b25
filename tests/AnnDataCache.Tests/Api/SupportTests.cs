using System.Globalization;
using System.Reflection;
using System.Text;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Hdf5;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace AnnDataCache.Tests.Api;

/// <summary><c>docs/support.md</c>, made from what the code does with the small test files.</summary>
public sealed class SupportTests
{
    [Fact]
    public void TheDocumentSaysWhatIsRead()
    {
        StringBuilder text = new();
        text.AppendLine("# What is read").AppendLine();
        text.AppendLine("Made by a test from what the code does with the small files of `tests/data`; `UPDATE=1 ./test.sh` writes it anew.").AppendLine();
        text.AppendLine("What is not read is refused by name: the element appears in `inspect` with its reason, and the others are unaffected.").AppendLine();
        AppendEncodings(text);
        AppendNumbers(text);
        AppendContainer(text);
        AppendFilters(text);
        ZarrSupport.Append(text, (headers, rows) => Table(text, headers, rows));
        AppendBounds(text);
        AppendDamage(text);
        VerifiedText.CheckDocument("support.md", text.ToString());
    }

    private static void AppendEncodings(StringBuilder text)
    {
        text.AppendLine("## Encodings").AppendLine();
        text.AppendLine("The version is not looked at: what differs between versions is told by its form.").AppendLine();
        Table(text, ["`encoding-type`", "versions", "stored as", "element kind", "Arrow type in the part"], Encodings());
        text.AppendLine();
        text.AppendLine("A root or group without `encoding-type` is a dict, unless it has `h5sparse_format` (csr, csc). An array of records is a dataframe");
        text.AppendLine("where anndata before 0.7 has `obs`, `var`, `raw.var`; a dict of its fields where it has `obsm`, `varm`; else a rec-array. Its integer");
        text.AppendLine("fields with categories in `uns/<field>_categories` are categoricals where every code exists. `raw.X`, `raw.var` keep their flat names,");
        text.AppendLine("and answer to `raw/X`, `raw/var` too. A matrix of Cell Ranger (`.h5`, versions 2 and 3) is AnnData with `X`, `obs`, `var`; one with");
        text.AppendLine("several genomes has a modality for each.").AppendLine();
        text.AppendLine("A sparse matrix is refused when an index is outside its other axis or indptr does not rise to the number of entries; a categorical");
        text.AppendLine("column when a code has no category; a column when its length differs from its dataframe's.").AppendLine();
    }

    private static IEnumerable<string[]> Encodings()
    {
        using TestStore store = new();
        using Cache cache = store.Open();
        List<(string Type, string Version, string Form, string Kind, string Arrow)> rows = [];
        foreach (string path in Directory.GetFiles(TestFiles.Small("h5ad"), "*.h5ad").Order(StringComparer.Ordinal))
        {
            using CachedAnnData file = cache.Open(path);
            using Hdf5File container = Hdf5File.Open(path);
            foreach (ElementInfo info in file.Tree.SelfAndDescendants().Skip(1))
            {
                ElementInfo? parent = file.Tree.Find(info.Path[..Math.Max(info.Path.Length - info.Name.Length - 1, 0)]);
                if (info.Path.StartsWith("obsm/overrun", StringComparison.Ordinal)) { continue; }
                rows.Add((Encoding(info), info.EncodingVersion ?? "–", Form(container, info, parent!), info.Kind.Name(), Arrow(file, info, parent!)));
            }
        }

        return rows.GroupBy(row => (row.Type, row.Form, row.Kind, row.Arrow)).OrderBy(group => group.Key.Kind == "refused")
            .ThenBy(group => group.Key.Type == "none").ThenBy(group => group.Key.Type, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Kind, StringComparer.Ordinal).ThenBy(group => group.Key.Form, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Arrow, StringComparer.Ordinal)
            .Select(group => new[]
            {
                group.Key.Type, string.Join(", ", group.Select(row => row.Version).Distinct().Order(StringComparer.Ordinal)),
                group.Key.Form, group.Key.Kind, group.Key.Arrow,
            });
    }

    private static string Encoding(ElementInfo info) => info.EncodingType is null ? "none" : $"`{info.EncodingType}`";

    private static string Form(Hdf5File file, ElementInfo info, ElementInfo parent)
    {
        if (parent.Storage is not null || parent.Kind == ElementKind.RecArray) { return "field of records"; }
        ContainerNode node = file.Root;
        foreach (string step in info.Path.Split('/')) { node = ((ContainerGroup)node).Open(step); }
        if (node is not ContainerArray array) { return "group"; }
        string codes = info.Kind == ElementKind.Categorical ? ", categories by reference" : "";
        return array.IsNull ? "null dataspace" : array.Type.Class switch
        {
            StoredClass.Number => "numbers" + codes,
            StoredClass.FixedString => "fixed strings",
            StoredClass.VariableString => "variable strings",
            StoredClass.Compound => "records",
            _ => "other",
        };
    }

    private static string Arrow(CachedAnnData file, ElementInfo info, ElementInfo parent)
    {
        if (info.Kind == ElementKind.Refused) { return $"refused: {info.Reason}"; }
        if (info.Kind is ElementKind.Dict) { return "JSON: the tree below it, with the values of scalars"; }
        if (info.Kind is ElementKind.String or ElementKind.Number or ElementKind.Null) { return "in the JSON of the outermost dict"; }
        if (info.Kind is ElementKind.DataFrame or ElementKind.RecArray) { return "a column for each of its columns"; }
        using PinnedElement pinned = file.Pin(info.Path);
        if (pinned.Columns[0].Name == "json") { return "JSON: its form; the buffers are elements of their own"; }
        using RecordBatch batch = pinned.ToRecordBatch();
        Field field = parent.Kind is ElementKind.DataFrame or ElementKind.RecArray ? batch.Schema.GetFieldByName(info.Name) : batch.Schema.FieldsList[0];
        string type = Name(field.DataType);
        return info.Kind is ElementKind.Dense && !type.StartsWith("bool", StringComparison.Ordinal)
            ? info.Shape.Count > 1 ? "`fixed_size_list<T>[k]`: k numbers in a row, the product of all axes but the first" : "primitive"
            : $"`{type}`{(field.IsNullable && field.DataType is not DictionaryType ? " with validity" : "")}";
    }

    private static string Name(IArrowType type) => type switch
    {
        DictionaryType dictionary => $"dictionary<{dictionary.IndexType.Name}, {Name(dictionary.ValueType)}>",
        LargeListType list => $"large_list<{Name(list.ValueDataType)}>",
        ListType list => $"list<{Name(list.ValueDataType)}>",
        StructType record => $"struct<{string.Join(", ", record.Fields.Select(field => $"{field.Name}: {Name(field.DataType)}"))}>",
        _ => type.Name,
    };

    private static void AppendNumbers(StringBuilder text)
    {
        text.AppendLine("## Numbers").AppendLine();
        text.AppendLine($"{string.Join(", ", Enum.GetValues<DType>().Select(type => type.Name()))}. Big-endian numbers become");
        text.AppendLine("little-endian; no other bit changes. An enumeration other than FALSE = 0, TRUE = 1 is its integers. Sparse offsets and indices of any");
        text.AppendLine("integer type become int32 or int64, codes int8, int16 or int32; the layout keeps the stored type.").AppendLine();
    }

    private static void AppendContainer(StringBuilder text)
    {
        text.AppendLine("## HDF5").AppendLine();
        Table(text, ["feature", "read"], Features.Select(feature => new[] { feature.Name, Outcome(feature.File, feature.Paths) }));
        text.AppendLine();
    }

    /// <summary>A feature and what shows it: a file of <c>tests/data/hdf5</c> and objects in it.</summary>
    private static readonly (string Name, string File, string[] Paths)[] Features =
    [
        ("superblock 0; object headers 1 with continuations; groups as symbol tables", "earliest.h5", ["types/int32"]),
        ("superblock 2 and 3; object headers 2; groups as link messages", "latest.h5", ["types/int32"]),
        ("groups as dense links (fractal heap and B-tree 2)", "latest.h5", ["many/name-063-zzzzzzzzzzzzzzzzzzzzzzz"]),
        ("a block of the user's own before the file", "userblock.h5", ["contiguous"]),
        ("attributes in the header and dense", "latest.h5", ["attributes/array"]),
        ("soft links", "links.h5", ["a/relative", "there-and-back"]),
        ("external links inside the source's folder", "links.h5", ["external", "external-group/values"]),
        ("external links out of the source's folder", "links.h5", ["outside"]),
        ("external links by an absolute path", "links.h5", ["absolute"]),
        ("links that lead nowhere", "links.h5", ["dangling"]),
        ("links in a circle", "links.h5", ["circle"]),
        ("layout compact, contiguous", "latest.h5", ["types/int32", "holes/contiguous"]),
        ("chunk index: B-tree 1", "earliest.h5", ["chunks/fixed-full", "chunks/deep-gzip"]),
        ("chunk index: single chunk", "latest.h5", ["chunks/single-full"]),
        ("chunk index: implicit", "latest.h5", ["chunks/implicit"]),
        ("chunk index: fixed array, paged or not", "latest.h5", ["chunks/fixed-full", "chunks/paged-fixed-plain"]),
        ("chunk index: extensible array, paged or not", "latest.h5", ["chunks/growing-full", "chunks/paged-growing-gzip"]),
        ("chunk index: B-tree 2", "latest.h5", ["chunks/both-growing-full"]),
        ("chunks that were never written; fill values; skipped filters", "latest.h5", ["holes/fill", "holes/fill-gzip", "holes/never"]),
        ("types: integers, floats, complex, bool, enumerations", "latest.h5", ["types/int32", "types/float16be", "types/complex64", "types/bool", "types/enum"]),
        ("types: strings, variable and fixed, padded in three ways", "latest.h5", ["strings/variable", "strings/nullpad"]),
        ("types: records, by field", "latest.h5", ["compounds/table/x", "compounds/chunked/label"]),
        ("types: integers of which not all bits count; bit fields, as unsigned integers", "latest.h5", ["types/logical", "types/signed-bits", "types/bitfield16"]),
        ("types: opaque", "latest.h5", ["types/opaque"]),
        ("types: variable-length lists", "latest.h5", ["types/lists"]),
        ("types: integers and floats of unusual widths", "latest.h5", ["types/oddint", "types/oddfloat"]),
        ("virtual datasets", "latest.h5", ["refused/virtual"]),
        ("values in external files", "latest.h5", ["refused/external"]),
    ];

    private static string Outcome(string name, string[] paths)
    {
        using Hdf5File file = Hdf5File.Open(TestFiles.Small(Path.Join("hdf5", name)));
        foreach (string path in paths)
        {
            try
            {
                ContainerArray array = (ContainerArray)Hdf5.Values.Open(file, path);
                if (array.Type.IsString) { Hdf5.Values.HashStrings(array); }
                else { Hdf5.Values.Read(array); }
            }
            catch (ContainerException refused)
            {
                return $"refused: {refused.Message.Replace(TestFiles.Repository, "…", StringComparison.Ordinal)}";
            }
        }

        return "yes";
    }

    private static void AppendFilters(StringBuilder text)
    {
        text.AppendLine("Checksums of structures (version 2 and later) and of chunks (fletcher32) are verified.").AppendLine();
        text.AppendLine("## Filters").AppendLine();
        IEnumerable<Filter> filters = typeof(Filter).GetFields(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral).Select(field => new Filter((int)field.GetRawConstantValue()!, "", [])).OrderBy(filter => filter.Id);
        Table(text, ["filter", "id", "read"], filters.Select(filter =>
            new[] { filter.Name, filter.Id.ToString(CultureInfo.InvariantCulture), filter.IsKnown ? "yes" : "refused by name" }));
        text.AppendLine().AppendLine("Any other filter is refused by its name and number. Of blosc2, the frames that its filter writes are read.").AppendLine();
    }

    private static void AppendBounds(StringBuilder text)
    {
        text.AppendLine("## Bounds").AppendLine();
        Table(text, ["what", "limit"],
        [
            ["depth of nesting", ElementTree.MaxDepth.ToString("N0", CultureInfo.InvariantCulture)],
            ["elements of a file", ElementTree.MaxNodes.ToString("N0", CultureInfo.InvariantCulture)],
            ["one scalar string", $"{ScalarValue.MaxStringBytes >> 20:N0} MiB"],
            ["one chunk, decoded as a whole", "2 GiB"],
        ]);
        text.AppendLine().AppendLine("A chunk's decoded size is compared with what its stored bytes can become before memory is taken for it. Chunks of 8 MiB and more");
        text.AppendLine("of numbers that are whole rows of their array come in pieces, of any length, in less than 40 MB of private memory: those of HDF5 with");
        text.AppendLine("gzip, also shuffled; those of Zarr with gzip, zlib, zstd, blosc, or as they are. A frame of zstd may take as much more as it says that it");
        text.AppendLine("refers back to: 8 MiB at usual levels, and never beyond 128 MiB and the chunk. All others stand in private memory as a whole, stored and");
        text.AppendLine("decoded: other codecs, several codecs, F order, blocks of columns, strings.");
    }

    /// <summary>Every element of a file with one damage of each kind, that cannot be read, and why.</summary>
    private static void AppendDamage(StringBuilder text)
    {
        text.AppendLine().AppendLine("## Damage").AppendLine();
        text.AppendLine("What a file with one damage of each kind (`tests/data/broken/bad.h5ad`) says of them; its other elements are read. Of the real files that");
        text.AppendLine("the tests read, nothing else is refused.").AppendLine();
        using TestStore store = new();
        using Cache cache = store.Open();
        using CachedAnnData file = cache.Open(TestFiles.Small(Path.Join("broken", "bad.h5ad")));
        List<string[]> rows = [];
        foreach (ElementInfo info in file.Tree.SelfAndDescendants().Skip(1))
        {
            try { file.Pin(info.Path).Dispose(); }
            catch (ElementException refused)
            {
                string reason = refused.Message.Replace(TestFiles.Repository, "…", StringComparison.Ordinal);
                const string End = " cannot be read: ";
                rows.Add([$"`{info.Path}`", reason[(reason.IndexOf(End, StringComparison.Ordinal) + End.Length)..]]);
            }
        }

        Table(text, ["element", "reason"], rows);
    }

    private static void Table(StringBuilder text, string[] headers, IEnumerable<string[]> rows)
    {
        text.AppendLine($"| {string.Join(" | ", headers)} |").AppendLine($"|{string.Concat(headers.Select(_ => "---|"))}");
        foreach (string[] row in rows) { text.AppendLine($"| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |"); }
    }
}
