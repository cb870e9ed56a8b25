using System.Security.Cryptography;
using System.Text;
using AnnDataCache.Store;

namespace AnnDataCache.Bench;

/// <summary>One element of one file, as a cache sees it.</summary>
/// <param name="Name">A name as real parts have.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Seconds">What loading it costs.</param>
internal sealed record ReplayPart(PartName Name, long Bytes, double Seconds);

/// <summary>One ask for a part.</summary>
/// <param name="Part">Which one.</param>
/// <param name="Counts">False while the tier warms up, and for what a batch job asks: nobody waits for those.</param>
internal readonly record struct ReplayAsk(ReplayPart Part, bool Counts);

/// <summary>How a trace differs from the steady one.</summary>
internal enum ReplayScenario
{
    Steady,
    DailyShift,
    BatchScan,
    MostlySmall,
}

/// <summary>Asks of a dashboard for the elements of many files; the same seed gives the same asks.</summary>
/// <remarks>
/// A visit opens one file, chosen by Zipf's law, and asks for what its page shows: always obs, var and uns, mostly an
/// embedding, sometimes X or a layer. Sizes follow the file's number of cells, which is log-uniform over two decades.
/// </remarks>
internal sealed class ReplayTrace
{
    private const int Files = 100, Visits = 4000, Days = 8;
    private const double ZipfExponent = 0.9, BytesPerSecond = 300e6, SecondsPerLoad = 0.005;

    private readonly Random _random;
    private readonly ReplayScenario _scenario;
    private readonly List<ReplayAsk> _asks = [];

    private ReplayTrace(ReplayScenario scenario, int seed)
    {
        (_random, _scenario) = (new Random(seed), scenario);
        ReplayFile[] files = [.. Enumerable.Range(0, Files).Select(MakeFile)];
        WorkingSet = Visit(files);
    }

    internal IReadOnlyList<ReplayAsk> Asks => _asks;

    /// <summary>Bytes of all parts that visits ask for at least once, whatever a batch job reads besides.</summary>
    internal long WorkingSet { get; }

    internal static ReplayTrace Make(ReplayScenario scenario, int seed) => new(scenario, seed);

    private long Visit(ReplayFile[] files)
    {
        HashSet<ReplayPart> asked = [];
        double[] cumulative = CumulativeZipf(files.Length);
        for (int visit = 0; visit < Visits; visit++)
        {
            if (_scenario == ReplayScenario.DailyShift && visit > 0 && visit % (Visits / Days) == 0) { Shift(files); }
            int place = Array.BinarySearch(cumulative, _random.NextDouble());
            bool counts = visit >= Visits / 4;
            foreach ((ReplayPart part, double chance) in files[place < 0 ? ~place : place].Parts)
            {
                if (_random.NextDouble() >= chance) { continue; }
                _asks.Add(new ReplayAsk(part, counts));
                asked.Add(part);
            }

            // The batch job reads one file beside each visit, so that both compete for the tier as they do in a night's run.
            int scanned = visit - (Visits / 2);
            if (_scenario == ReplayScenario.BatchScan && scanned >= 0 && scanned < files.Length)
            {
                _asks.AddRange(files[scanned].Parts.Select(part => new ReplayAsk(part.Part, false)));
            }
        }

        return asked.Sum(part => part.Bytes);
    }

    /// <summary>A new day: every fifth rank, among them the first, is taken by some other file.</summary>
    private void Shift(ReplayFile[] files)
    {
        for (int rank = 0; rank < files.Length; rank += 5)
        {
            int other = _random.Next(files.Length);
            (files[rank], files[other]) = (files[other], files[rank]);
        }
    }

    private static double[] CumulativeZipf(int count)
    {
        double[] cumulative = new double[count];
        double sum = 0;
        for (int rank = 0; rank < count; rank++) { cumulative[rank] = sum += Math.Pow(rank + 1, -ZipfExponent); }
        for (int rank = 0; rank < count; rank++) { cumulative[rank] /= sum; }
        cumulative[^1] = 1; // the sum of rounded shares may fall short of what a random number reaches
        return cumulative;
    }

    private ReplayFile MakeFile(int file)
    {
        double cells = Math.Pow(10, 4 + (2 * _random.NextDouble()));
        double matrix = Math.Clamp(cells * Between(4_000, 12_000), 0.1e9, 4e9);
        bool small = _scenario == ReplayScenario.MostlySmall;
        List<ReplayAskable> parts = [];
        void Add(string element, double bytes, double chance) => parts.Add(new(MakePart($"{file}/{element}", bytes), chance));

        Add("obs", cells * Between(25, 100), 1);
        Add("var", Between(1e6, 3e6), 1);
        Add("uns", Between(5e3, 2e4), 1);
        Add("obsm/X_umap", cells * 8, 0.9);
        Add("obsm/X_pca", cells * Between(80, 100), 0.2);
        Add("X", matrix, small ? 0.02 : 0.35);
        int layers = _random.Next(3);
        for (int layer = 0; layer < layers; layer++) { Add($"layers/{layer}", matrix * Between(0.5, 1), small ? 0.01 : 0.15); }
        for (int table = 0; table < (small ? 12 : 3); table++) { Add($"uns/{table}", Math.Pow(10, Between(3.5, 6)), 0.4); }
        return new ReplayFile(parts);
    }

    /// <summary>Compression and encoding spread the cost of equal sizes over a factor of four.</summary>
    private ReplayPart MakePart(string path, double bytes) => new(
        NameOf($"{_scenario}/{path}"), (long)bytes, SecondsPerLoad + (bytes / BytesPerSecond * Math.Pow(2, Between(-1, 1))));

    private double Between(double low, double high) => low + ((high - low) * _random.NextDouble());

    private static PartName NameOf(string path)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(path));
        const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
        string prefix = string.Concat(hash.Take(26).Select(value => Alphabet[value & 31]));
        string version = string.Concat(hash.Take(13).Select(value => Alphabet[value >> 3]));
        return PartName.TryParse($"{prefix}.{version}", out PartName name)
            ? name
            : throw new InvalidOperationException($"'{prefix}.{version}' is no part's name.");
    }

    private readonly record struct ReplayAskable(ReplayPart Part, double Chance);

    private sealed record ReplayFile(List<ReplayAskable> Parts);
}
