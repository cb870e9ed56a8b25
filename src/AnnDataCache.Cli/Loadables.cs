namespace AnnDataCache.Cli;

/// <summary>Which elements of a file have parts of their own.</summary>
internal static class Loadables
{
    /// <summary>Paths of all parts that hold the readable elements below a tree, in the tree's order.</summary>
    internal static IReadOnlyList<string> Of(ElementInfo tree)
    {
        List<string> parts = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (ElementInfo info in tree.SelfAndDescendants())
        {
            // A dict has a part for the scalars in it; one of arrays alone needs none.
            if (info.Kind is ElementKind.Dict or ElementKind.Refused) { continue; }
            if (seen.Add(info.PartPath)) { parts.Add(info.PartPath); }
        }

        return parts;
    }

    internal static IEnumerable<ElementInfo> Refused(ElementInfo tree) =>
        tree.SelfAndDescendants().Where(info => info.Kind == ElementKind.Refused);
}
