using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>What <c>checksum</c> prints of a file, compared with what another reader found in it.</summary>
internal static class ElementComparison
{
    /// <summary>
    /// What another reader may say and <c>checksum</c> does not: how values are stored, and what follows from values whose
    /// hashes are compared (sorted or not, sums of rows, counts of values).
    /// </summary>
    private static readonly HashSet<string> s_implied = new(StringComparer.Ordinal)
    {
        "encoding_type", "encoding_version", "storage", "stored_type", "note", "applies_to", "field_of", "members", "mod_order",
        "has_mask", "sum_nonnull",
        "unique", "values", "value_counts", "explicit_zeros", "has_duplicates", "indices_in_range", "indices_sorted", "indptr_len_ok",
        "major_sums_first", "minor_sums_first", "probe_obs_var_value", "columns_missing", "members_not_in_column_order",
    };

    /// <summary>Compares all elements of a file, those that only one side has too.</summary>
    /// <param name="name">The file's, for messages.</param>
    /// <param name="found">Element by element, as <c>checksum</c> prints them.</param>
    /// <param name="expected">Element by element; an element of kind ERROR must be refused.</param>
    /// <param name="tally">Is told what came of each element.</param>
    internal static void Compare(string name, JsonElement found, JsonElement expected, ElementTally tally)
    {
        tally.AddFile();
        foreach (JsonProperty element in expected.EnumerateObject())
        {
            bool isError = element.Value.GetProperty("kind").ValueEquals("ERROR");
            if (FindRefusal(found, element.Name) is { } reason) { tally.AddRefused(name, element.Name, reason, isError || HasCodesWithoutCategory(element.Value)); }
            else if (isError) { tally.AddDifferent(name, element.Name, "is read, though the other reader finds it damaged"); }
            else if (!found.TryGetProperty(element.Name, out JsonElement actual)) { tally.AddDifferent(name, element.Name, "missing"); }
            else { tally.Add(name, element.Name, Difference(actual, element.Value)); }
        }

        foreach (JsonProperty element in found.EnumerateObject())
        {
            if (expected.TryGetProperty(element.Name, out _)) { continue; }
            if (FindRefusal(found, element.Name) is { } reason) { tally.AddRefused(name, element.Name, reason, isDamaged: true); }
            else { tally.AddDifferent(name, element.Name, "found, but the other reader has no such element"); }
        }
    }

    /// <summary>Compares what <c>checksum</c> prints of a file with the <c>.expected.json</c> beside it.</summary>
    internal static void CompareFile(string file, ElementTally tally)
    {
        using CommandLine line = new();
        CallResult result = line.Run("checksum", file);
        Assert.True(result.ExitCode == 0, $"{Path.GetFileName(file)}: ended with {result.ExitCode}: {result.Error}");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".expected.json")));
        Compare(Path.GetFileName(file), result.Json.GetProperty("elements"), expected.RootElement, tally);
    }

    /// <summary>What pandas refuses as well.</summary>
    private static bool HasCodesWithoutCategory(JsonElement element) => element.TryGetProperty("value_counts", out JsonElement counts)
        && counts.GetArrayLength() > element.GetProperty("categories").GetProperty("n").GetInt64();

    /// <summary>Why an element, or one that holds it, is refused; null when it is not.</summary>
    private static string? FindRefusal(JsonElement found, string path)
    {
        for (string at = path; at.Length > 0; at = at[..Math.Max(at.LastIndexOf('/'), 0)])
        {
            if (found.TryGetProperty(at, out JsonElement element))
            {
                return element.GetProperty("kind").ValueEquals("refused") ? element.GetProperty("reason").GetString() : null;
            }
        }

        return null;
    }

    /// <summary>Every member that is expected must be there and equal.</summary>
    internal static string? Difference(JsonElement actual, JsonElement expected)
    {
        // before anndata 0.7 codes are numbers that have categories elsewhere: described as the one and the other
        bool isLegacy = expected.TryGetProperty("legacy_categorical", out JsonElement legacy)
            && actual.GetProperty("kind").ValueEquals("categorical");
        if (isLegacy) { expected = legacy; }
        foreach (JsonProperty member in expected.EnumerateObject())
        {
            if (s_implied.Contains(member.Name) || IsNoDifference(actual, member)) { continue; }
            if (!actual.TryGetProperty(member.Name, out JsonElement value))
            {
                return $"has no {member.Name}, which is {Short(member.Value)}";
            }

            string? difference = member.Name switch
            {
                "categories" => Difference(value, member.Value) is { } inner ? $"categories: {inner}" : null,
                "sum" => IsSameSum(actual, value.GetDouble(), member.Value.GetDouble()) ? null : $"sum is {value}, not {member.Value}",
                _ => Same(value, member.Value) ? null : $"{member.Name} is {Short(value)}, not {Short(member.Value)}",
            };
            if (difference is not null) { return difference; }
        }

        return null;
    }

    /// <summary>Members that the two sides leave out in different cases: a sum of nothing, rows of a dataframe without an index.</summary>
    private static bool IsNoDifference(JsonElement actual, JsonProperty expected) => expected.Name switch
    {
        "sum" => !actual.TryGetProperty("sum", out _) && expected.Value.GetDouble() == 0,
        "shape" => actual.GetProperty("kind").ValueEquals("legacy-obsm-structured"),
        _ => false,
    };

    /// <summary>The order of additions differs: 1e-9 of the largest sum that numbers of these bounds could have.</summary>
    private static bool IsSameSum(JsonElement actual, double sum, double expected)
    {
        double largest = Math.Max(Math.Abs(actual.GetProperty("min").GetDouble()), Math.Abs(actual.GetProperty("max").GetDouble()));
        double count = (actual.TryGetProperty("n", out JsonElement n) ? n : actual.GetProperty("nnz_stored")).GetDouble();
        return sum.Equals(expected) || Math.Abs(sum - expected) <= 1e-9 * largest * count;
    }

    /// <summary>Whole numbers by all their digits, others as doubles: other languages print the same double differently.</summary>
    private static bool Same(JsonElement actual, JsonElement expected) => (actual.ValueKind, expected.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => actual.GetRawText() == expected.GetRawText()
            || (expected.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0 && actual.GetDouble().Equals(expected.GetDouble())),
        (JsonValueKind.Array, JsonValueKind.Array) => actual.GetArrayLength() == expected.GetArrayLength()
            && actual.EnumerateArray().Zip(expected.EnumerateArray()).All(pair => Same(pair.First, pair.Second)),
        _ => JsonElement.DeepEquals(actual, expected),
    };

    private static string Short(JsonElement value)
    {
        string text = string.Join(' ', value.GetRawText().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length > 300 ? $"{text[..300]}…" : text;
    }
}

/// <summary>What came of comparisons, counted from several threads.</summary>
internal sealed class ElementTally
{
    private readonly Lock _lock = new();
    private readonly List<string> _different = [], _refused = [];
    private int _files;

    internal int Equal { get; private set; }

    internal int Compared => Equal + _refused.Count + _different.Count;

    /// <summary>File, element and reason of what is refused.</summary>
    internal IReadOnlyCollection<string> Refused => _refused;

    internal IReadOnlyCollection<string> Different => _different;

    internal void AddFile()
    {
        lock (_lock) { _files++; }
    }

    internal void Add(string file, string element, string? difference)
    {
        if (difference is not null) { AddDifferent(file, element, difference); }
        else { lock (_lock) { Equal++; } }
    }

    internal void AddDifferent(string file, string element, string difference)
    {
        lock (_lock) { _different.Add($"{file}: {element}: {difference}"); }
    }

    /// <summary>Refusing what the other reader can read is a difference.</summary>
    internal void AddRefused(string file, string element, string reason, bool isDamaged)
    {
        if (!isDamaged) { AddDifferent(file, element, $"refused: {reason}"); }
        else { lock (_lock) { _refused.Add($"{file}: {element}: {reason}"); } }
    }

    /// <summary>The counts, and a line for each refusal and difference.</summary>
    public override string ToString() => string.Join('\n', new[]
    {
        $"{_files:N0} files, {Compared:N0} elements compared: {Equal:N0} equal, {_refused.Count:N0} refused with their reasons, "
            + $"{_different.Count:N0} different",
    }.Concat(_refused.Order(StringComparer.Ordinal).Select(line => $"refused: {line}"))
        .Concat(_different.Order(StringComparer.Ordinal).Take(100).Select(line => $"different: {line}")));
}
