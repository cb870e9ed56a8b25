namespace AnnDataCache.Summaries;

/// <summary>The dataframe that describes the cells of a matrix: a modality has its own.</summary>
internal static class AxisPaths
{
    /// <summary>Path of the dataframe of the cells.</summary>
    internal static string Obs(string matrix) => Modality(matrix) + "obs";

    /// <summary><c>mod/rna/</c> of <c>mod/rna/X</c>; empty outside of modalities.</summary>
    private static string Modality(string path)
    {
        if (!path.StartsWith("mod/", StringComparison.Ordinal)) { return ""; }
        int end = path.IndexOf('/', 4);
        return end < 0 ? "" : path[..(end + 1)];
    }
}
