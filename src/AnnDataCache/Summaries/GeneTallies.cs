namespace AnnDataCache.Summaries;

/// <summary>Adds up genes over cells: by gene where the matrix lies so, else by stripes of cells.</summary>
internal static class GeneTallies
{
    /// <summary>Tallies at most, 24 bytes each: 30,000 genes in 500 groups.</summary>
    private const long MaxTallies = 1 << 24;

    /// <summary>Tallies of all threads together, beside their sum: large ones are added up by fewer threads.</summary>
    private const long MaxPartialTallies = 1 << 24;

    /// <param name="matrix">The cells and genes.</param>
    /// <param name="asked">Columns of the matrix.</param>
    /// <param name="names">A name for each of them.</param>
    /// <param name="grouping">Of the cells; null for one group of all.</param>
    /// <param name="cutoff">What is expressed is above it.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Looked at between genes, or between stripes of cells.</param>
    /// <exception cref="ElementException">The matrix has another number of genes or cells, or there are too many groups.</exception>
    internal static GeneSummary Summarize(
        ExpressionMatrix matrix, int[] asked, IReadOnlyList<string> names, Grouping? grouping, double cutoff, int workers,
        CancellationToken cancellation)
    {
        int geneCount = checked((int)matrix.Genes);
        CheckLengths(matrix, asked, names.Count, grouping);
        TallyQuery query = Query(geneCount, asked, grouping, cutoff);
        Tally[] tallies = new Tally[query.TallyCount];
        if (matrix.ByGene) { AddGenes(matrix, query, tallies, workers, cancellation); }
        else { AddStripes(matrix, query, tallies, workers, cancellation); }

        GeneSummary summary = new([.. names], grouping?.Labels ?? ["all"], grouping?.Counts ?? [matrix.Cells], grouping?.Missing ?? 0);
        for (int i = 0; i < asked.Length; i++)
        {
            for (int group = 0; group < query.GroupCount; group++)
            {
                Tally tally = tallies[(query.Slots[asked[i]] * query.GroupCount) + group];
                long cells = summary.CellCounts[group];
                summary.Set(i, group, tally.Mean(cells), tally.Variance(cells), tally.Fraction(cells, cutoff));
            }
        }

        return summary;
    }

    private static TallyQuery Query(int geneCount, int[] asked, Grouping? grouping, double cutoff)
    {
        int[] slots = new int[geneCount];
        slots.AsSpan().Fill(-1);
        List<int> genes = new(asked.Length);
        foreach (int gene in asked) // a gene that is asked for twice is added up once
        {
            if (slots[gene] >= 0) { continue; }
            slots[gene] = genes.Count;
            genes.Add(gene);
        }

        TallyQuery query = new(slots, [.. genes], grouping?.CodeOfCell, grouping?.Labels.Length ?? 1, cutoff);
        return query.TallyCount <= MaxTallies
            ? query
            : throw new ElementException(
                CacheError.ElementUnreadable,
                $"{genes.Count} genes × {query.GroupCount} groups are {query.TallyCount} numbers; {MaxTallies} are possible. Ask for fewer genes.");
    }

    private static void AddGenes(ExpressionMatrix matrix, TallyQuery query, Tally[] tallies, int workers, CancellationToken cancellation)
    {
        ParallelOptions options = new() { MaxDegreeOfParallelism = Math.Max(workers, 1), CancellationToken = cancellation };
        try
        {
            Parallel.For(0, query.Genes.Length, options, slot =>
                matrix.AddGene(query.Genes[slot], query, tallies.AsSpan(slot * query.GroupCount, query.GroupCount)));
        }
        catch (AggregateException several) when (several.InnerException is CacheException first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    private static void AddStripes(ExpressionMatrix matrix, TallyQuery query, Tally[] tallies, int workers, CancellationToken cancellation)
    {
        long stripes = (matrix.Cells + Tally.StripeCells - 1) / Tally.StripeCells;
        long fitting = Math.Max(MaxPartialTallies / Math.Max(tallies.Length, 1), 1);
        Stripes.Run(
            stripes, (int)Math.Min(workers, fitting), () => new Tally[tallies.Length],
            (partial, stripe) =>
            {
                partial.AsSpan().Clear();
                long first = stripe * Tally.StripeCells;
                matrix.AddCells(first, Math.Min(first + Tally.StripeCells, matrix.Cells), query, partial);
            },
            (partial, _) =>
            {
                for (int i = 0; i < tallies.Length; i++) { tallies[i].Add(partial[i]); }
            },
            cancellation);
    }

    /// <summary>The file may have been rewritten between two pins, and a file may contradict itself.</summary>
    private static void CheckLengths(ExpressionMatrix matrix, int[] asked, int names, Grouping? grouping)
    {
        if (grouping is not null && grouping.CodeOfCell.LongLength != matrix.Cells)
        {
            throw new ElementException(
                CacheError.ElementUnreadable,
                $"The grouping has {grouping.CodeOfCell.LongLength} cells, the matrix {matrix.Cells}. Ask again if the file was just written.");
        }

        if (asked.Length != names || asked.Any(gene => gene >= matrix.Genes))
        {
            throw new ElementException(
                CacheError.ElementUnreadable,
                $"There are names of {names} genes, the matrix has {matrix.Genes}. Ask again if the file was just written.");
        }
    }
}
