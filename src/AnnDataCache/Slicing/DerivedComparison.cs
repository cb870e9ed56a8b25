using AnnDataCache.Containers;
using AnnDataCache.Loading;
using AnnDataCache.Store;

namespace AnnDataCache.Slicing;

/// <summary>Compares a part that was derived from another one with what that one makes it.</summary>
internal static class DerivedComparison
{
    /// <summary>Says how it differs, or null.</summary>
    internal static string? FindDifference(PartPin derived, PinnedElement whole, ReadContext context)
    {
        string made = derived.View.Layout.Derived!;
        return made == TwinDraft.Name
            ? TwinComparison.FindDifference(derived.View, whole.Part.View, context.Cancellation)
            : NameDraft.ColumnOf(made) is { } column ? ComparingTarget.FindDifference(derived.View, NameDraft.Of(whole, column), context)
            : $"nothing is derived as '{made}'";
    }
}
