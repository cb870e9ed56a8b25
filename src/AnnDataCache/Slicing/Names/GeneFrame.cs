namespace AnnDataCache.Slicing;

/// <summary>Which dataframe names the columns of a matrix.</summary>
internal static class GeneFrame
{
    /// <summary>Path of the dataframe of variables that a matrix belongs to; null where its columns are none.</summary>
    /// <remarks>
    /// <c>X</c> and <c>layers/…</c> have <c>var</c>, <c>raw/X</c> has <c>raw/var</c> (<c>raw.X</c> and <c>raw.var</c> in old
    /// files), each also below <c>mod/&lt;name&gt;</c>.
    /// </remarks>
    internal static string? Of(string matrix)
    {
        int cut = matrix.StartsWith("mod/", StringComparison.Ordinal) ? matrix.IndexOf('/', 4) + 1 : 0;
        (string root, string name) = (matrix[..cut], matrix[cut..]);
        return name switch
        {
            "X" => root + "var",
            "raw/X" => root + "raw/var",
            "raw.X" => root + "raw.var",
            _ when name.StartsWith("layers/", StringComparison.Ordinal) => root + "var",
            _ => null,
        };
    }
}
