namespace AnnDataCache.Summaries;

/// <summary>The dataframes that name the axes of a matrix: <c>X</c> and layers have obs and var, <c>raw/X</c> has raw's var.</summary>
internal static class AxisPaths
{
    /// <summary>Path of the dataframe of the cells.</summary>
    internal static string Obs(string matrix) => Modality(matrix) + "obs";

    /// <summary>Path of the dataframe of the genes.</summary>
    internal static string Var(string matrix)
    {
        string modality = Modality(matrix);
        ReadOnlySpan<char> inside = matrix.AsSpan(modality.Length);
        return modality + (inside.StartsWith("raw/") || inside.StartsWith("raw.") ? "raw/var" : "var");
    }

    /// <summary><c>mod/rna/</c> of <c>mod/rna/X</c>; empty outside of modalities.</summary>
    private static string Modality(string path)
    {
        if (!path.StartsWith("mod/", StringComparison.Ordinal)) { return ""; }
        int end = path.IndexOf('/', 4);
        return end < 0 ? "" : path[..(end + 1)];
    }
}
