using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>
/// A matrix file of 10x Genomics' Cell Ranger, seen as AnnData (10x Genomics, "Feature-Barcode Matrices: HDF5 File Format").
/// </summary>
/// <remarks>
/// The file is sparse by barcode, features × barcodes in csc: the same three arrays are barcodes × features in csr.
/// Version 3 has one group <c>matrix</c> with <c>features</c>; version 2 a group for each genome, with <c>genes</c> and
/// <c>gene_names</c>: one genome is an AnnData object, several are the modalities of a MuData object. Names of columns
/// are those of <c>scanpy.read_10x_h5</c>, which knows features that are genes and features that are probes of genes.
/// Whatever else the file holds (sets of probes, what other programs add) is in <c>uns</c>.
/// </remarks>
internal static class TenXMatrix
{
    private static readonly string[] s_matrix = ["barcodes", "data", "indices", "indptr", "shape"];

    private static readonly string[] s_barcodeColumns = ["filtered_barcodes"];

    private static readonly (string Stored, string Name)[] s_genes = [("id", "gene_ids"), ("feature_type", "feature_types")];

    private static readonly (string Stored, string Name)[] s_probes =
        [("gene_id", "gene_ids"), ("id", "probe_ids"), ("feature_type", "feature_types")];

    /// <summary>The root as AnnData, or itself when it is none of these files.</summary>
    internal static ContainerGroup AsAnnData(ContainerGroup root)
    {
        if (root.AttributeNames.Contains("encoding-type") || root.Contains("obs") || root.Contains("X")) { return root; }
        if (Group(root, "matrix") is { } matrix && IsMatrix(matrix) && Group(matrix, "features") is { } features)
        {
            ViewGroup found = AddObject(
                new ViewGroup(""), matrix, Columns(features, "name", features.Contains("gene_id") ? s_probes : s_genes));
            return AddRest(
                found,
                (features, (name, member) => !name.StartsWith('_') && member is ContainerArray { Shape.Count: 1 }),
                (matrix, (name, _) => name is "features" || s_matrix.Contains(name) || s_barcodeColumns.Contains(name)),
                (root, (name, _) => name == "matrix"));
        }

        List<(string Genome, ContainerGroup Matrix)> genomes = [];
        foreach (string name in root.MemberNames)
        {
            if (Group(root, name) is { } genome && IsMatrix(genome) && genome.Contains("genes")) { genomes.Add((name, genome)); }
        }

        return genomes switch
        {
            [] => root,
            [(string genome, ContainerGroup only)] => AddRest(
                AddObject(new ViewGroup(""), only, GeneColumns(only)), (only, IsGenomes), (root, (name, _) => name == genome)),
            _ => AsMuData(genomes),
        };
    }

    private static ViewGroup AsMuData(List<(string Genome, ContainerGroup Matrix)> genomes)
    {
        ViewGroup modalities = new("mod");
        foreach ((string genome, ContainerGroup matrix) in genomes)
        {
            ViewGroup modality = AddObject(new ViewGroup($"mod/{genome}"), matrix, GeneColumns(matrix));
            modalities.With(genome, AddRest(modality, (matrix, IsGenomes)));
        }

        return new ViewGroup("").As("MuData", "0.1.0").With("mod", modalities);
    }

    private static bool IsGenomes(string name, ContainerNode member) =>
        name is "genes" or "gene_names" || s_matrix.Contains(name) || s_barcodeColumns.Contains(name);

    private static List<(string Name, ContainerArray Values)> GeneColumns(ContainerGroup matrix) => matrix.Contains("gene_names")
        ? [("gene_names", Array(matrix, "gene_names")), ("gene_ids", Array(matrix, "genes"))]
        : [("genes", Array(matrix, "genes"))];

    /// <summary>What is shown nowhere else, as <c>uns</c>.</summary>
    private static ViewGroup AddRest(ViewGroup target, params (ContainerGroup Group, Func<string, ContainerNode, bool> IsShown)[] groups)
    {
        ViewGroup uns = new ViewGroup(target.Path.Length == 0 ? "uns" : $"{target.Path}/uns").As("dict", "0.1.0");
        foreach ((ContainerGroup group, Func<string, ContainerNode, bool> isShown) in groups)
        {
            foreach (string name in group.MemberNames)
            {
                try
                {
                    ContainerNode member = group.Open(name);
                    if (!isShown(name, member) && !uns.Contains(name)) { uns.With(name, member); }
                }
                catch (Exception damage) when (ContainerException.IsDamage(damage)) { } // a link that leads nowhere holds nothing
            }
        }

        return uns.MemberNames.Count == 0 ? target : target.With("uns", uns);
    }

    /// <summary>One-dimensional members as columns: the row names first, then the renamed ones, then the others.</summary>
    private static List<(string Name, ContainerArray Values)> Columns(
        ContainerGroup group, string index, IReadOnlyList<(string Stored, string Name)> renamed)
    {
        List<(string, ContainerArray)> columns = [(index, Array(group, index))];
        foreach ((string stored, string name) in renamed)
        {
            if (group.Contains(stored)) { columns.Add((name, Array(group, stored))); }
        }

        foreach (string name in group.MemberNames)
        {
            bool isTaken = name == index || name.StartsWith('_') || renamed.Any(pair => pair.Stored == name || pair.Name == name);
            if (!isTaken && group.Open(name) is ContainerArray { Shape.Count: 1 } values) { columns.Add((name, values)); }
        }

        return columns;
    }

    private static ViewGroup AddObject(ViewGroup target, ContainerGroup matrix, List<(string Name, ContainerArray Values)> features)
    {
        long[] shape = ShapeOf(matrix);
        string prefix = target.Path.Length == 0 ? "" : $"{target.Path}/";
        ViewGroup values = new ViewGroup($"{prefix}X").As("csr_matrix", "0.1.0").WithIntegers("shape", shape[1], shape[0]);
        foreach (string name in (string[])["data", "indices", "indptr"]) { values.With(name, matrix.Open(name)); }
        return target.As("anndata", "0.1.0").With("X", values)
            .With("obs", Frame($"{prefix}obs", ObsColumns(matrix)))
            .With("var", Frame($"{prefix}var", features));
    }

    /// <summary>The barcodes, and what is said of each of them beside the matrix.</summary>
    private static List<(string Name, ContainerArray Values)> ObsColumns(ContainerGroup matrix) =>
        [("barcodes", Array(matrix, "barcodes")), .. s_barcodeColumns.Where(matrix.Contains).Select(name => (name, Array(matrix, name)))];

    private static ViewGroup Frame(string path, List<(string Name, ContainerArray Values)> columns)
    {
        ViewGroup frame = new ViewGroup(path).As("dataframe", "0.2.0").WithStrings("_index", columns[0].Name)
            .WithStrings("column-order", [.. columns.Skip(1).Select(column => column.Name)]);
        foreach ((string name, ContainerArray values) in columns) { frame.With(name, values); }
        return frame;
    }

    private static long[] ShapeOf(ContainerGroup matrix)
    {
        ContainerArray shape = Array(matrix, "shape");
        if (shape.Count != 2 || shape.Shape.Count != 1 || shape.Type.Class != StoredClass.Number)
        {
            throw new DamagedContainerException($"'{shape.Path}' has {shape.Count:N0} values; two lengths are expected");
        }

        byte[] bytes = new byte[2 * shape.Type.Size];
        shape.ReadRows(0, 2, bytes);
        return new AttributeValue(shape.Type, shape.Shape, bytes, []).AsIntegers()
            ?? throw new DamagedContainerException($"'{shape.Path}' holds {shape.Type.Description}; integers are expected");
    }

    private static bool IsMatrix(ContainerGroup group) => s_matrix.All(group.Contains);

    private static ContainerGroup? Group(ContainerGroup parent, string name)
    {
        try { return parent.Contains(name) ? parent.Open(name) as ContainerGroup : null; }
        catch (Exception damage) when (ContainerException.IsDamage(damage)) { return null; }
    }

    private static ContainerArray Array(ContainerGroup group, string name) => group.Open(name) as ContainerArray
        ?? throw new DamagedContainerException($"'{group.Path}/{name}' is a group; an array is expected");
}
