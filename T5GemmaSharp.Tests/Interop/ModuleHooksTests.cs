using NUnit.Framework;
using T5GemmaSharp.Interop;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Interop;

public sealed class ModuleHooksTests
{
    [Test]
    public void Any_EveryKindOfHook_IsTrueUntilItIsRemoved()
    {
        using var module = nn.Linear(2, 3);
        Assert.That(ModuleHooks.Any(module), Is.False, "a new module");
        using (Assert.EnterMultipleScope())
        {
            Check(() => module.register_forward_hook((_, _, output) => output).remove);
            Check(() => module.register_forward_pre_hook((_, input) => input).remove);
            Check(() => module.register_forward_hook((nn.Module _) => { }).remove);
            Check(() => module.register_forward_pre_hook((nn.Module _) => { }).remove);
        }

        void Check(Func<Action> register)
        {
            var remove = register();
            Assert.That(ModuleHooks.Any(module), Is.True);
            remove();
            Assert.That(ModuleHooks.Any(module), Is.False);
        }
    }

    [Test]
    public void Any_ModuleThatTakesNoHooks_IsFalse()
    {
        using var list = nn.ModuleList<nn.Module>();
        Assert.That(ModuleHooks.Any(list), Is.False);
    }
}
