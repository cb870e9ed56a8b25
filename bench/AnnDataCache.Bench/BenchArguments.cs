using System.Globalization;

namespace AnnDataCache.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchArguments(string File, int Rounds, string Element)
{
    /// <summary>Bytes of the file, also when it is named by a link.</summary>
    internal long FileBytes
    {
        get
        {
            using FileStream file = System.IO.File.OpenRead(File);
            return file.Length;
        }
    }

    internal static BenchArguments Parse(string[] args)
    {
        string? file = null;
        int rounds = 5;
        string element = "X";
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--rounds": rounds = int.Parse(Next(args, ref i), CultureInfo.InvariantCulture); break;
                case "--element": element = Next(args, ref i); break;
                default: file = args[i]; break;
            }
        }

        if (file is null || !System.IO.File.Exists(file)) { throw new IOException($"There is no file '{file}'."); }
        return new BenchArguments(Path.GetFullPath(file), rounds, element);
    }

    private static string Next(string[] args, ref int i) =>
        ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} needs a value.");
}
