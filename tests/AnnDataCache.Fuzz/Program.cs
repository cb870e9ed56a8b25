using System.Diagnostics;
using System.Globalization;
using AnnDataCache.Fuzz;

// fuzz --seconds N [--seed S] [--jobs J] [--stores] FOLDER …    reads damaged files in processes of their own until the time is over
//   --stores                                         only damaged Zarr stores, no HDF5 files
// fuzz --replay NUMBER [--seed S] FOLDER …           reads one of them again, finds which of its edits matter, and keeps it

int run = 1, jobs = 1;
long? replay = null;
double seconds = 60;
bool storesOnly = false;
List<string> folders = [];
(long First, long Count)? range = null;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--seconds": seconds = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--stores": storesOnly = true; break;
        case "--seed": run = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--jobs": jobs = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--replay": replay = long.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--range": range = (long.Parse(args[++i], CultureInfo.InvariantCulture), long.Parse(args[++i], CultureInfo.InvariantCulture)); break;
        default: folders.Add(args[i]); break;
    }
}

List<SeedFile> seeds = SeedFile.FindAll(folders, storesOnly);
if (seeds.Count == 0)
{
    Console.Error.WriteLine("usage: fuzz [--seconds N] [--seed S] [--jobs J] [--stores] [--replay NUMBER] FOLDER-WITH-SOUND-FILES …");
    return 2;
}

if (range is { } part) { return Worker.Run(seeds, run, part.First, part.Count, Environment.CurrentDirectory); }
if (replay is { } number) { return Replay.Run(seeds, run, number); }
return new Campaign(run, jobs, TimeSpan.FromSeconds(seconds), storesOnly ? ["--stores", .. folders] : folders).Run(seeds);
