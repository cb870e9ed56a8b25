namespace AnnDataCache.Fuzz;

/// <summary>Reads one mutant again and drops the edits that its finding does not need.</summary>
internal static class Replay
{
    internal static int Run(IReadOnlyList<SeedFile> seeds, int run, long number)
    {
        Mutant mutant = Mutant.Make(seeds, run, number);
        string file = Path.GetFullPath($"mutant-{number}.h5ad");
        Console.WriteLine($"{mutant.Seed.Path}, kept as {file}");
        string? finding = Find(mutant, file);
        List<Edit> edits = [.. mutant.Edits];
        for (int i = edits.Count - 1; finding is not null && i >= 0 && edits.Count > 1; i--)
        {
            List<Edit> fewer = [.. edits.Where((_, index) => index != i)];
            if (Find(mutant.With(fewer), file) is not null) { edits = fewer; }
        }

        foreach (Edit edit in edits) { Console.WriteLine($"  {edit}"); }
        Console.WriteLine(Find(mutant.With(edits), file) ?? "no finding");
        return finding is null ? 0 : 1;
    }

    private static string? Find(Mutant mutant, string file)
    {
        try
        {
            Reading.Run(mutant, file);
            return null;
        }
        catch (Exception finding)
        {
            return $"{Worker.Describe(finding)}\n{finding.StackTrace}";
        }
    }
}
