using System.Reflection;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Conventions;

public sealed class ModuleConventionsTests
{
    private const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Type[] Modules = [.. typeof(T5GemmaConfig).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(nn.Module)))];

    private static IEnumerable<Type> Concrete => Modules.Where(type => !type.IsAbstract);

    [Test]
    public void Modules_All_AreFound() =>
        Assert.That(Concrete.Select(type => type.Name), Is.SupersetOf(new[] { nameof(T5GemmaModel), nameof(T5GemmaRMSNorm), nameof(T5GemmaLMHead) }).And.Exactly(16).Items);

    [TestCaseSource(nameof(Concrete))]
    public void Class_Concrete_IsSealed(Type module) => Assert.That(module.IsSealed, Is.True, "a subclass's fields would not be registered");

    [TestCaseSource(nameof(Modules))]
    public void Field_Component_HasTheSnakeCaseNameOfItsProperty(Type module)
    {
        foreach (var field in module.GetFields(Fields).Where(field => field.FieldType.IsAssignableTo(typeof(nn.Module)) || field.FieldType.IsAssignableTo(typeof(Tensor))))
        {
            var property = field.Name.Split('<', '>').ElementAtOrDefault(1);
            Assert.That(property, Is.Not.Null, $"{module.Name}.{field.Name}: a component must be an automatic property");
            Assert.That(field.GetCustomAttribute<ComponentNameAttribute>()?.Name, Is.EqualTo(JsonNamingPolicy.SnakeCaseLower.ConvertName(property!)), $"{module.Name}.{property}");
        }
    }

    [TestCaseSource(nameof(Modules))]
    public void Field_HoldingTensors_IsParameterOrModule(Type module)
    {
        foreach (var field in module.GetFields(Fields))
        {
            var isComponent = field.FieldType == typeof(Parameter) || field.FieldType.IsAssignableTo(typeof(nn.Module));
            Assert.That(isComponent || !Mentions(field.FieldType, typeof(Tensor)), Is.True, $"{module.Name}.{field.Name}: TorchSharp saves every tensor field, and nothing moves tensors in other fields");
            Assert.That(field.FieldType.IsAssignableTo(typeof(nn.Module)) || !Mentions(field.FieldType, typeof(nn.Module)), Is.True, $"{module.Name}.{field.Name}: modules in collections are not registered");
        }
    }

    [TestCaseSource(typeof(ModelClass), nameof(ModelClass.All))]
    public void Keys_BuiltModel_AreUniqueAndClean(object source)
    {
        using var model = ((ModelClass)source).Build(SampleModel.Config with { TieWordEmbeddings = false }, null);
        var keys = model.state_dict().Keys.ToArray();
        var modules = model.named_modules().Select(pair => pair.name).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(keys, Is.Unique.And.Not.Empty);
            Assert.That(modules, Is.Unique);
            Assert.That(keys.Concat(modules), Has.None.Contains("<"));
            Assert.That(keys, Is.EquivalentTo(model.named_parameters().Select(pair => pair.name)), "there are no persistent buffers");
            Assert.That(model.parameters().Select(parameter => parameter.Handle), Is.Unique, "an optimizer would step a shared parameter twice");
        }
    }

    [TestCaseSource(typeof(ModelClass), nameof(ModelClass.All))]
    public void Keys_EverySubmodule_AreItsShareOfTheModels(object source)
    {
        using var model = ((ModelClass)source).Build(SampleModel.Config, null);
        var keys = model.state_dict().Keys.ToArray();
        foreach (var (name, module) in model.named_modules().Where(pair => pair.name.Length > 0))
        {
            var prefix = name + ".";
            var share = keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Select(key => key[prefix.Length..]);
            Assert.That(module.state_dict().Keys, Is.EquivalentTo(share), $"{name}: is RegisterComponents missing?");
        }
    }

    [Test]
    public void Keys_RotaryEmbeddingAndTiedHead_AreNone()
    {
        using var model = SampleModel.RandomLM();
        Assert.That(model.Model.Encoder.RotaryEmb.state_dict().Keys.Concat(model.LmHead.state_dict().Keys), Is.Empty);
    }

    private static bool Mentions(Type type, Type wanted) =>
        type.IsAssignableTo(wanted) || (type.HasElementType && Mentions(type.GetElementType()!, wanted)) || type.GetGenericArguments().Any(argument => Mentions(argument, wanted)); // an array has an element type
}
