using AnnDataCache.Interop;
using AnnDataCache.Store;

namespace AnnDataCache.Tests.Store;

/// <summary>The sum of a tier's bytes is counted under a lock that sealing does not take: reservations become parts meanwhile.</summary>
public sealed class RecountTests : IDisposable
{
    private const int Reservations = 600, PartBytes = 100;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("anndata-cache-test-");

    [Fact]
    public void WhatIsSealedWhileItIsCountedCountsOnce()
    {
        using TierFolder tier = TierFolder.Open(Path.Join(_folder.FullName, "tier"), FolderAccess.Private);
        List<(PartName Name, string Temporary, FileDescriptor File)> reserved = [.. Enumerable.Range(0, Reservations).Select(i =>
        {
            PartName name = PartName.For("source", $"element{i}", "", default);
            string temporary = $"{name.Value}.{i}";
            return (name, temporary, tier.CreateTemporary(temporary, PartBytes, FolderAccess.Private.PartModeOf(default)));
        })];
        Thread sealing = new(() =>
        {
            foreach ((PartName name, string temporary, _) in reserved)
            {
                _ = Posix.RenameAt2(tier.Temporaries.Value, temporary, tier.Parts.Value, name.Value, Posix.RenameNoReplace);
                Thread.SpinWait(2_000);
            }
        });
        using CapacityHold hold = CapacityHold.TryTake(tier, TimeSpan.FromSeconds(10))!;
        sealing.Start();
        do
        {
            hold.Recount();
            Assert.Equal((Reservations, Reservations * TierFolder.WholePages(PartBytes)), (hold.Files, hold.Bytes));
        }
        while (sealing.IsAlive);
        sealing.Join();
        Assert.Equal(Reservations, tier.Scan().Count);
        foreach ((_, _, FileDescriptor file) in reserved) { file.Dispose(); }
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
