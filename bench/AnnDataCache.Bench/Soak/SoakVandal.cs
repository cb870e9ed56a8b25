using AnnDataCache.Interop;
using AnnDataCache.Store;

namespace AnnDataCache.Bench.Soak;

/// <summary>Does to the store what a bug would do, so that a soak is seen to find it.</summary>
/// <remarks><c>--plant</c> wrong, stale, stale-object, evicted, held, leaked, budget, or several of them with commas.</remarks>
internal sealed class SoakVandal(SoakPlan plan, SoakObjects objects) : IDisposable
{
    /// <summary>A round lasts for at least so many deeds, however busy the machine is.</summary>
    internal const int LeastSteps = 8;

    private const uint OwnerReadWrite = 0x180, OwnerRead = 0x100; // 0600, 0400

    private readonly Cache _cache = Cache.Open(plan.Options);
    private readonly List<IDisposable> _held = [];
    private int _steps;

    private string Parts => Path.Join(plan.Options.HotFolder, "parts");

    private string Temporaries => Path.Join(plan.Options.HotFolder, "tmp");

    /// <summary>Called between the deeds of the herdsman.</summary>
    internal void Act()
    {
        int step = ++_steps;
        if (step < 3) { return; }
        if (step == 3) { WaitFor(() => Directory.GetFiles(Parts).Length > 4); } // until somebody has loaded something
        if (Does("wrong")) { FlipBytes(); }
        if (Does("stale"))
        {
            foreach (SoakFile file in plan.Sources) { NameOldPartAnew(file); } // one alone may be rewritten before anybody has read it
        }

        if (Does("stale-object")) { BringObjectsBack(); }
        if (Does("evicted") && step == 3) { UnlinkPinnedPart(); }
        if (Does("held") && step == 3) { KeepTemporary(); }
        if (Does("leaked") && step == 3) { KeepDeletedFile(); }
        if (Does("budget") && step % 4 == 0) { AddUncountedPart(); }
    }

    private bool Does(string kind) => plan.Plant!.Split(',').Contains(kind);

    private static void WaitFor(Func<bool> condition)
    {
        for (int i = 0; i < 600 && !condition(); i++) { Thread.Sleep(50); }
    }

    /// <summary>A write into a sealed part.</summary>
    private void FlipBytes()
    {
        foreach (string part in Directory.GetFiles(Parts).Where(part => new FileInfo(part).Length > 10_000).Take(3))
        {
            try
            {
                SetMode(part, OwnerReadWrite);
                using (FileStream file = File.Open(part, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
                {
                    file.Position = file.Length / 2; // among the values
                    int before = file.ReadByte();
                    file.Position--;
                    file.WriteByte((byte)(before ^ 1));
                }

                SetMode(part, OwnerRead);
            }
            catch (IOException)
            {
                // evicted meanwhile
            }
        }
    }

    /// <summary>A source changes, and what was decoded of the old one is served for the new one.</summary>
    private void NameOldPartAnew(SoakFile file)
    {
        string fresh = Path.Join(plan.Memory, "old-part");
        try
        {
            if (!FileStat.TryOf(file.Path, out FileStat old)) { return; }
            byte[] part;
            using (CachedAnnData opened = _cache.Open(file.Path))
            using (PinnedElement pinned = opened.Pin("var")) { part = File.ReadAllBytes(pinned.PartFile); }
            SoakFiles.Install(file, (SoakFiles.VariantOf(old) + 1) % file.Variants.Count);
            if (!FileStat.TryOf(file.Path, out FileStat now)) { return; }
            File.WriteAllBytes(fresh, part);
            SetMode(fresh, OwnerRead);
            File.Move(fresh, Path.Join(Parts, PartName.For(file.Path, "var", "", now).Value), overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or CacheException)
        {
            // the source is missing, the part evicted meanwhile, or there is no room
        }
    }

    /// <summary>What an object was before it was overwritten is found again.</summary>
    private void BringObjectsBack()
    {
        for (int index = 0; index < SoakObjects.Names; index++)
        {
            string part = Path.Join(Parts, PartName.ForObject(SoakObjects.NameOf(index)).Value), fresh = Path.Join(plan.Memory, $"object-{index}");
            try
            {
                objects.Put(_cache, index, overwrite: true);
                byte[] old = File.ReadAllBytes(part);
                objects.Put(_cache, index, overwrite: true);
                File.WriteAllBytes(fresh, old);
                SetMode(fresh, OwnerRead);
                File.Move(fresh, part, overwrite: true);
            }
            catch (Exception failed) when (failed is IOException or CacheException)
            {
                // deleted meanwhile, or no room
            }
        }
    }

    /// <summary>An eviction that does not ask whether somebody has the part mapped: the probe has.</summary>
    private void UnlinkPinnedPart()
    {
        string probe = Path.Join(plan.Folder, "probe.h5ad");
        string part = Path.Join(Parts, PartName.For(probe, "obsm/X_pca", "", FileStat.Of(probe)).Value);
        WaitFor(() => File.Exists(part));
        File.Delete(part);
    }

    /// <summary>A reservation that is never given back.</summary>
    private void KeepTemporary()
    {
        string name = Path.Join(Temporaries, $"{PartName.ForObject("forgotten").Value}.{Guid.NewGuid():N}");
        FileDescriptor file = FileDescriptor.Open(name, Posix.ReadWrite | Posix.Create, OwnerReadWrite);
        FileLocks.TryLock(file, exclusive: false);
        _held.Add(file);
    }

    /// <summary>Pages that no name leads to, and that no stopped process has.</summary>
    private void KeepDeletedFile()
    {
        string name = Path.Join(plan.Memory, "leaked");
        FileStream file = File.Create(name);
        file.Write(new byte[100_000]);
        file.Flush();
        File.Delete(name);
        _held.Add(file);
    }

    /// <summary>A part that took its room without asking.</summary>
    private void AddUncountedPart()
    {
        string name = Path.Join(Parts, PartName.ForObject($"uncounted {_steps}").Value);
        using FileDescriptor file = FileDescriptor.Open(name, Posix.ReadWrite | Posix.Create, OwnerReadWrite);
        _ = Posix.FTruncate(file.Value, plan.HotBytes);
        _ = Posix.FChmod(file.Value, OwnerRead);
    }

    private static void SetMode(string path, uint mode)
    {
        using FileDescriptor file = FileDescriptor.Open(path, Posix.ReadOnly);
        _ = Posix.FChmod(file.Value, mode);
    }

    public void Dispose()
    {
        _held.ForEach(held => held.Dispose());
        _cache.Dispose();
    }
}
