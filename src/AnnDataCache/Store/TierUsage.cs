namespace AnnDataCache.Store;

/// <summary>How much a tier holds.</summary>
/// <param name="Bytes">Of parts and reservations, in whole pages.</param>
/// <param name="Parts">Sealed parts.</param>
/// <param name="Reserved">Bytes of reservations.</param>
internal readonly record struct TierUsage(long Bytes, long Parts, long Reserved);

/// <summary>Why a tier has no room.</summary>
/// <param name="Need">Bytes wanted, in whole pages.</param>
/// <param name="Used">Bytes of parts and reservations.</param>
/// <param name="Reserved">Of those, bytes of reservations of loads that are under way.</param>
/// <param name="FileSystemFree">What the file system and the memory limit still allow.</param>
/// <param name="IsStopped">True when whoever holds the capacity lock does not let go.</param>
internal readonly record struct Shortage(long Need, long Used, long Reserved, long FileSystemFree, bool IsStopped);
