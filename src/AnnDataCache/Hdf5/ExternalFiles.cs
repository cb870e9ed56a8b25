using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>
/// Files that external links of one file lead to. A file must not make its reader open others anywhere on the machine, so
/// only those below its own folder are followed, after all symbolic links are resolved. Closed with the file.
/// </summary>
internal sealed class ExternalFiles(Hdf5File owner, int depth) : IDisposable
{
    private const int MaxDepth = 8;
    private const int MaxSymbolicLinks = 40;

    private readonly Dictionary<string, Hdf5File> _open = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    internal Hdf5File Open(string name, string path)
    {
        if (depth >= MaxDepth)
        {
            throw new DamagedContainerException($"'{path}' leads through more than {MaxDepth} files.");
        }

        string home = System.IO.Path.GetDirectoryName(
            Resolve(System.IO.Path.GetFullPath(owner.Source.FilePath), path))!;
        string target = Resolve(System.IO.Path.Combine(home, name), path);
        string inside = home.EndsWith('/') ? home : home + "/";
        if (!target.StartsWith(inside, StringComparison.Ordinal))
        {
            throw new UnsupportedContainerException(
                $"'{path}' is an external link to '{name}', which is outside the folder '{home}': not followed.");
        }

        lock (_lock)
        {
            if (_open.TryGetValue(target, out Hdf5File? known)) { return known; }
            try
            {
                return _open[target] = Hdf5File.Open(target, depth + 1);
            }
            catch (PosixException missing)
            {
                throw new DamagedContainerException(
                    $"'{path}' is an external link to '{name}': {missing.Message}", missing);
            }
        }
    }

    internal bool AreUnchanged()
    {
        lock (_lock) { return _open.Values.All(file => file.IsUnchanged()); }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Hdf5File file in _open.Values) { file.Dispose(); }
            _open.Clear();
        }
    }

    // Component by component, as the kernel does it.
    private static string Resolve(string full, string path)
    {
        Stack<string> rest = new(full.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        string done = "";
        int links = 0;
        while (rest.TryPop(out string? name))
        {
            if (name == ".") { continue; }
            if (name == "..")
            {
                done = done.Length == 0 ? "" : done[..done.LastIndexOf('/')];
                continue;
            }

            string here = $"{done}/{name}";
            if (new FileInfo(here).LinkTarget is not { } target)
            {
                done = here;
                continue;
            }

            if (++links > MaxSymbolicLinks)
            {
                throw new DamagedContainerException($"'{path}': '{full}' has too many symbolic links.");
            }

            if (target.StartsWith('/')) { done = ""; }
            foreach (string part in target.Split(
                '/', StringSplitOptions.RemoveEmptyEntries).Reverse()) { rest.Push(part); }
        }

        return done.Length == 0 ? "/" : done;
    }
}
