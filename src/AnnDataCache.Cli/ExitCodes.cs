namespace AnnDataCache.Cli;

/// <summary>What a call ends with. Numbers from 10 on are those of <see cref="CacheError"/>.</summary>
internal static class ExitCodes
{
    internal const int Done = 0;

    /// <summary><c>verify</c> or <c>doctor</c> found problems; <c>contains</c> missed an object; <c>demo</c> found contents that differ.</summary>
    internal const int ProblemsFound = 1;

    internal const int Usage = 2;
    internal const int OutputFailed = 3;
    internal const int Interrupted = 130;
    internal const int Terminated = 143;

    /// <summary>All codes with their meanings, for the help.</summary>
    internal static IEnumerable<(int Code, string Meaning)> All
    {
        get
        {
            yield return (Done, "done");
            yield return (ProblemsFound, "verify or doctor found problems; contains missed an object");
            yield return (Usage, "the call makes no sense: see --help");
            yield return (OutputFailed, "the output could not be written");
            yield return ((int)CacheError.ElementNotFound, "the file has no such element, or the store no such object");
            yield return ((int)CacheError.ElementUnreadable, "an element cannot be read");
            yield return ((int)CacheError.ObjectExists, "there is an object of this name, which was not to be overwritten");
            yield return ((int)CacheError.BadContent, "what was to be put is not what it is said to be");
            yield return ((int)CacheError.NameNotFound, "no gene has that name");
            yield return ((int)CacheError.NameAmbiguous, "several genes have that name");
            yield return ((int)CacheError.SourceNotFound, "there is no such file");
            yield return ((int)CacheError.SourceDenied, "the file may not be read");
            yield return ((int)CacheError.SourceUnreadable, "the file is not AnnData, or is damaged");
            yield return ((int)CacheError.SourceChanged, "the file keeps changing while it is read");
            yield return ((int)CacheError.TooLarge, "an element is larger than every tier's budget");
            yield return ((int)CacheError.NoRoom, "all that could be evicted is in use, or the file system is full");
            yield return ((int)CacheError.StoreUnusable, "a tier's folder cannot be used or trusted");
            yield return ((int)CacheError.BadSetting, "a setting makes no sense");
            yield return (Interrupted, "interrupted (Ctrl-C)");
            yield return (Terminated, "terminated (SIGTERM)");
        }
    }
}
