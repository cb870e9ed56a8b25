using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AnnDataCache;

/// <summary>Registers the cache with a dependency-injection container.</summary>
public static class CacheServices
{
    /// <summary>Adds one <see cref="Cache"/> for the process. It is opened when it is first asked for, and disposed with the container.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Changes the options that the environment gives; null to take them as they are.</param>
    public static IServiceCollection AddAnnDataCache(
        this IServiceCollection services, Func<CacheOptions, CacheOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddSingleton(provider =>
        {
            CacheOptions options = CacheOptions.FromEnvironment();
            return Cache.Open(configure?.Invoke(options) ?? options, provider.GetService<ILogger<Cache>>());
        });
    }
}
