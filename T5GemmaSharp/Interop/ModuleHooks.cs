using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using static TorchSharp.torch;

namespace T5GemmaSharp.Interop;

/// <summary>Asks modules for hooks, which TorchSharp keeps in private fields of <c>HookableModule</c>.</summary>
internal static class ModuleHooks
{
    private const string Owner = "HookableModule`2";

    private static readonly ConcurrentDictionary<Type, FieldInfo[]> Fields = [];

    /// <summary>Whether a module has hooks of any kind.</summary>
    public static bool Any(nn.Module module) => Count(module) > 0;

    /// <summary>Number of a module's hooks of any kind.</summary>
    public static int Count(nn.Module module) => Fields.GetOrAdd(module.GetType(), FieldsOf).Sum(field => field.GetValue(module) is ICollection hooks ? hooks.Count : 0);

    private static FieldInfo[] FieldsOf(Type type)
    {
        var owner = type;
        while (owner is not null && owner.Name != Owner)
            owner = owner.BaseType;
        return owner is null ? [] : Array.FindAll(owner.GetFields(BindingFlags.Instance | BindingFlags.NonPublic), field => field.FieldType.IsAssignableTo(typeof(ICollection)));
    }
}
